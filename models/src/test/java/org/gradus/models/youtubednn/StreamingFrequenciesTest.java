// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Frequencies of a stream: the algorithm by hand, and what it comes to.
class StreamingFrequenciesTest {
  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Tape tape = Tape.evaluating(device);
  private final Mode training = Mode.training(tape, 1, 1);

  @AfterEach
  void close() {
    tape.close();
    params.close();
    device.close();
  }

  private StreamingFrequencies stream(double rate, int classes) {
    return new StreamingFrequencies(rate, classes, params);
  }

  private double[] state(String name) {
    return ((DenseParameter) params.get(name)).value().toDoubles();
  }

  /// Steps 1 to 4 hold the labels 0 1 1, then 1, then 2 and none, then 0. With α = ½: B₀ = 1 and then ½ + ½ · 3; B₁ = 1 and 1;
  /// B₂ = 3.
  @Test
  void byHand() {
    StreamingFrequencies s = stream(0.5, 4);
    assertThat(s.logP(new int[] {0, 1, 1}, training)).containsExactly(-0.0, -0.0, -0.0);
    s.logP(new int[] {1}, training);
    assertThat(s.logP(new int[] {2, -1}, training)).containsExactly(-StrictMath.log(3), -0.0);
    assertThat(s.logP(new int[] {0}, training)).containsExactly(-StrictMath.log(2));
    assertThat(state("interval")).containsExactly(2, 1, 3, 0);
    assertThat(state("last")).containsExactly(4, 2, 3, 0);
    assertThat(state("steps")).containsExactly(4);
    // Without side effects the same is said as often as one asks; what never came would come now.
    for (int i = 0; i < 2; i++) {
      assertThat(s.logP(new int[] {0, 3}, training.withoutSideEffects()))
          .containsExactly(-StrictMath.log(2), -StrictMath.log(5));
    }
    assertThat(state("steps")).containsExactly(4);
  }

  /// An item in every third batch is 3 steps from the next, whatever α, and after a change the estimate follows: what is left of the old
  /// interval falls by 1 − α each time.
  @Test
  void itFollowsAChange() {
    double rate = 0.2;
    StreamingFrequencies s = stream(rate, 2);
    for (int t = 1; t <= 30; t++) {
      s.logP(t % 3 == 0 ? new int[] {0} : new int[] {1}, training);
    }
    assertThat(state("interval")[0]).isCloseTo(3, within(1e-12));
    for (int n = 1; n <= 10; n++) {
      s.logP(new int[] {0}, training);
      assertThat(state("interval")[0]).isCloseTo(1 + 2 * Math.pow(1 - rate, n), within(1e-12));
    }
  }

  /// Labels drawn with known probabilities: after many steps p comes near that of a batch with the item. The estimate is a mean of
  /// geometric numbers with weights α(1 − α)^k, of variance α/(2 − α) · (1 − q)/q²; five deviations.
  @Test
  void drawnLabelsComeAsOftenAsTheyAreDrawn() {
    double rate = 0.01;
    StreamingFrequencies s = stream(rate, 3);
    double[] p = {0.5, 0.3, 0.2};
    int steps = 6000;
    for (int t = 0; t < steps; t++) {
      int[] labels = new int[2];
      for (int i = 0; i < 2; i++) {
        double u = Counter.uniform53(7, 2L * t + i);
        labels[i] = u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2;
      }
      s.logP(labels, training);
    }
    double[] interval = state("interval");
    for (int j = 0; j < 3; j++) {
      double q = 1 - (1 - p[j]) * (1 - p[j]); // in a batch of two
      double deviation = Math.sqrt(rate / (2 - rate) * (1 - q)) / q;
      assertThat(interval[j]).isCloseTo(1 / q, within(5 * deviation));
    }
    assertThat(Arrays.stream(s.logP(new int[] {0, 1, 2}, training.withoutSideEffects())))
        .isSortedAccordingTo((a, b) -> Double.compare(b, a));
  }
}
