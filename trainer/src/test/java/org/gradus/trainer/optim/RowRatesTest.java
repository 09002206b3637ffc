// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.store.Stored;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Rates of single rows, by hand.
class RowRatesTest {
  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 3);
  private final DenseParameter proxies =
      params.weight("proxies", Shape.of(3, 2), Initializers.uniform(1));
  private final Group group = Group.all(Rule.Sgd.PLAIN, 0.5).with(new RowRates(0.75, 0.1, 10));

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  /// How far each number moves.
  private double[] moved(Optimizer optimizer, int t, double... gradient) {
    double[] before = proxies.value().toDoubles();
    try (Tape tape = Tape.recording(device)) {
      optimizer.step(Given.gradients(tape, Map.of(proxies, gradient), Map.of()), t);
    }
    double[] after = proxies.value().toDoubles();
    for (int i = 0; i < after.length; i++) {
      after[i] -= before[i];
    }
    return after;
  }

  @Test
  void rowsThatMoveMuchAreSlowed() {
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group))) {
      // norms 0.6, 0.3, 0.1, which the first step's Î are: κ of the worked example
      double[] g = {.36, .48, -.3, 0, .06, -.08};
      double[] kappa = {.745356, 1.054093, 1.825742};
      double[] first = moved(optimizer, 1, g);
      for (int i = 0; i < g.length; i++) {
        assertThat(first[i]).isCloseTo(-.5 * kappa[i / 2] * g[i], within(3e-7));
      }
      // norms 0, 0.5, 0: I = ¾ I + ¼ of them, over 1 − ¾² = 7/16
      double[] i = {.75 * .15, .75 * .075 + .125, .75 * .025};
      double mean = (i[0] + i[1] + i[2]) / 3;
      double[] second = moved(optimizer, 2, 0, 0, .3, .4, 0, 0);
      assertThat(second)
          .containsExactly(
              new double[] {
                0, 0, -.15 * Math.sqrt(mean / i[1]), -.2 * Math.sqrt(mean / i[1]), 0, 0
              },
              within(1e-11));
      assertThat(optimizer.state().get("proxies@importance")).isInstanceOf(Stored.Dense.class);
    }
  }

  /// κ stays within its bounds, and is 1 for rows that are alike, and for a vector.
  @Test
  void rowsThatAreAlikeFollowTheRule() {
    RowRates rates = new RowRates(0.75, 0.5, 2);
    assertThat(rates.factors(new double[] {.2, .2}))
        .containsExactly(new double[] {1, 1}, within(1e-11));
    assertThat(rates.factors(new double[] {0, 0})).containsExactly(1, 1);
    assertThat(rates.factors(new double[] {0, 100}))
        .containsExactly(new double[] {2, Math.sqrt(.5)}, within(1e-11));
    assertThat(rates.factors(new double[] {1, 1, 1, 1, 1, 1, 1e9}))
        .containsExactly(new double[] {2, 2, 2, 2, 2, 2, .5}, within(1e-11)); // √(1/7) is less
    DenseParameter vector = params.bias("vector", Shape.of(3));
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group));
        Tape tape = Tape.recording(device)) {
      double[] g = {1, 2, -4};
      optimizer.step(Given.gradients(tape, Map.of(vector, g), Map.of()), 1);
      assertThat(vector.value().toDoubles())
          .containsExactly(new double[] {-.5, -1, 2}, within(1e-11));
    }
  }

  @Test
  void whatHasNoSuchRowsIsRefused() {
    params.table("table", 4, 2, 0, Initializers.zeros());
    assertThatThrownBy(() -> new Optimizer(params, OptimizerConfig.of(group)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row rates")
        .hasMessageContaining("Expected a pattern for dense parameters");
    assertThatThrownBy(() -> new RowRates(1, .1, 10)).hasMessageContaining("decay 1.0");
  }
}
