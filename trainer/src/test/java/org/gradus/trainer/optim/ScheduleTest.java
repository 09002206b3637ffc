// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.gradus.trainer.optim.Schedule.Constant;
import org.gradus.trainer.optim.Schedule.Exponential;
import org.gradus.trainer.optim.Schedule.Late;
import org.gradus.trainer.optim.Schedule.Noam;
import org.gradus.trainer.optim.Schedule.StepDecay;
import org.gradus.trainer.optim.Schedule.WarmupHoldDecay;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  @Test
  void dlrmExample() {
    Schedule schedule = new WarmupHoldDecay(4, 6, 4);
    double[] quoted = {.25, .5, .75, 1, 1, 1, .5625, .25, .0625, .0625, .0625, .0625};
    for (int s = 1; s <= quoted.length; s++) {
      assertThat(schedule.at(1, s)).as("step %d", s).isEqualTo(quoted[s - 1]);
    }
  }

  @Test
  void dlrmEdges() {
    Schedule noDecay = new WarmupHoldDecay(2, 3, 0);
    assertThat(noDecay.at(0.5, 1)).isEqualTo(0.25);
    assertThat(noDecay.at(0.5, 1_000_000)).isEqualTo(0.5);
    assertThat(new WarmupHoldDecay(0, 0, 10).at(2, 1)).isCloseTo(2 * 0.81, within(1e-15));
    assertThat(new WarmupHoldDecay(0, 0, 10_000).at(1e-3, 9_999)).isEqualTo(1e-7); // the floor
    assertThatThrownBy(() -> new WarmupHoldDecay(5, 4, 1))
        .hasMessageContaining("warm-up 5, decay from 4");
  }

  @Test
  void noamExample() {
    Schedule schedule = new Noam(512, 4000);
    assertThat(schedule.at(1, 1)).isCloseTo(0.000000175, within(5e-10));
    assertThat(schedule.at(1, 4000)).isCloseTo(0.000698771, within(5e-10));
    assertThat(schedule.at(1, 16000)).isCloseTo(0.000349386, within(5e-10));
    assertThat(schedule.at(1, 3999)).isLessThan(schedule.at(1, 4000));
    assertThat(schedule.at(1, 4001)).isLessThan(schedule.at(1, 4000));
    assertThatThrownBy(() -> schedule.at(1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("schedule: step 0. Expected at least 1: steps are counted from 1.");
  }

  /// Values to seven digits, and what follows from the formula.
  @Test
  void noamRisesAndFalls() {
    Schedule base = new Noam(512, 4000);
    double[][] quoted = {
      {1, 1.746928e-07},
      {100, 1.746928e-05},
      {4000, 6.987712e-04},
      {4001, 6.986839e-04},
      {16_000, 3.493856e-04},
      {100_000, 1.397542e-04}
    };
    for (double[] q : quoted) {
      assertThat(base.at(1, (long) q[0])).isCloseTo(q[1], within(5e-7 * q[1]));
    }
    double peak = base.at(1, 4000);
    assertThat(peak).isCloseTo(1 / Math.sqrt(512 * 4000.0), within(1e-15));
    assertThat(base.at(1, 16_000)).isCloseTo(peak / 2, within(1e-15));
    assertThat(base.at(1, 1)).isCloseTo(peak / 4000, within(1e-15));
    assertThat(new Noam(128, 4000).at(1, 4000)).isCloseTo(1.397542e-03, within(1e-9));
    for (long s = 1; s < 12_000; s += 7) {
      boolean rises = base.at(1, s + 1) > base.at(1, s);
      assertThat(rises).as("step %d", s).isEqualTo(s < 4000);
    }
  }

  @Test
  void decays() {
    assertThat(new Constant().at(0.3, 99)).isEqualTo(0.3);
    Schedule stairs = new StepDecay(3, 0.5);
    double[] byHand = {8, 8, 8, 4, 4, 4, 2};
    for (int s = 1; s <= byHand.length; s++) {
      assertThat(stairs.at(8, s)).isEqualTo(byHand[s - 1]);
    }
    Schedule slope = new Exponential(2, 0.25);
    assertThat(slope.at(8, 1)).isEqualTo(8);
    assertThat(slope.at(8, 2)).isEqualTo(4);
    assertThat(slope.at(8, 3)).isEqualTo(2);
    assertThatThrownBy(() -> new StepDecay(3, 1.5)).hasMessageContaining("factor 1.5");
  }

  @Test
  void lateOnesWait() {
    Schedule slow = new Late(2, 0.25);
    double[] byHand = {2, 2, 8, 8};
    for (int s = 1; s <= byHand.length; s++) {
      assertThat(slow.at(8, s)).isEqualTo(byHand[s - 1]);
    }
    assertThat(slow.idle()).isZero();
    assertThat(new Late(2, 0).idle()).isEqualTo(2);
    assertThat(new Constant().idle()).isZero();
    assertThatThrownBy(() -> new Late(2, 1.5)).hasMessageContaining("factor 1.5 for 2 steps");
  }
}
