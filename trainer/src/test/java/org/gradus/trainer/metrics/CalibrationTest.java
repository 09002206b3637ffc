// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CalibrationTest {
  @Test
  void binsByHand() {
    // bins of 0.5: {0.1, 0.3 | one positive} and {0.5, 1.0 | two positives}
    Calibration c = Calibration.of(new double[] {0.1, 0.3, 0.5, 1.0}, new float[] {0, 1, 1, 1}, 2);
    assertThat(c.predicted().value()).isCloseTo(1.9 / 4, within(1e-15));
    assertThat(c.observed().value()).isEqualTo(0.75);
    assertThat(c.ratio().value()).isCloseTo(1.9 / 3, within(1e-15));
    assertThat(c.bins()).extracting(Calibration.Bin::rows).containsExactly(2L, 2L);
    assertThat(c.bins()).extracting(Calibration.Bin::positives).containsExactly(1L, 2L);
    // half of the rows are off by |0.2 − 0.5|, half by |0.75 − 1|
    assertThat(c.expectedError().value()).isCloseTo(0.5 * 0.3 + 0.5 * 0.25, within(1e-15));
  }

  @Test
  void undefinedWithoutPositivesOrRows() {
    Calibration c = Calibration.of(new double[] {0.1}, new float[] {0}, 10);
    assertThat(c.ratio().undefined()).isEqualTo("no positives");
    assertThat(c.expectedError().value()).isCloseTo(0.1, within(1e-15));
    assertThat(Calibration.of(new double[0], new float[0], 10).ratio().undefined())
        .isEqualTo("no rows");
    assertThatThrownBy(() -> Calibration.of(new double[] {1.5}, new float[] {0}, 10))
        .hasMessage("calibration: probability 1.5 of row 0. Expected a number in [0, 1].");
  }

  @Test
  void negativeSamplingIsUndone() {
    assertThat(Calibration.undoNegativeSampling(0.2, 0.1)).isCloseTo(0.024390, within(5e-7));
    double z = StrictMath.log(0.2 / 0.8);
    assertThat(LogLoss.sigmoid(z + StrictMath.log(0.1)))
        .isCloseTo(Calibration.undoNegativeSampling(0.2, 0.1), within(1e-15));
  }

  @Test
  void regressionErrorsByHand() {
    RegressionError e = RegressionError.of(new double[] {1, 5}, new float[] {4, 1});
    assertThat(e.rmse().value()).isEqualTo(Math.sqrt(12.5));
    assertThat(e.mae().value()).isEqualTo(3.5);
    assertThat(RegressionError.of(new double[0], new float[0]).rmse().defined()).isFalse();
  }
}
