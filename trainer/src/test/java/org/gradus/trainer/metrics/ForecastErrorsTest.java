// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/// The worked example of the specification, which prints six decimals.
class ForecastErrorsTest {
  private static final Offset<Double> SIX = within(5e-7);
  private static final double[] OBSERVED = {10, 0, 5, 20};
  private static final double[] FORECASTS = {12, 1, 5, 15};

  @Test
  void workedExample() {
    double scale = ForecastErrors.seasonalScale(new double[] {3, 5, 4, 6, 5, 9}, 2);
    assertThat(scale).isCloseTo(1.5, SIX);
    ForecastErrors e = ForecastErrors.of(FORECASTS, OBSERVED, scale);
    assertThat(e.rows()).isEqualTo(4);
    assertThat(e.mae().value()).isCloseTo(2.0, SIX);
    assertThat(e.rmse().value()).isCloseTo(2.738613, SIX);
    assertThat(e.wape().value()).isCloseTo(0.228571, SIX);
    assertThat(e.smape().value()).isCloseTo(0.616883, SIX);
    assertThat(e.mape().value()).isCloseTo(0.15, SIX);
    assertThat(e.mapeSkipped()).isEqualTo(1);
    assertThat(e.bias().value()).isCloseTo(-0.5, SIX);
    assertThat(e.r2().value()).isCloseTo(0.862857, SIX);
    assertThat(e.mase().value()).isCloseTo(1.333333, SIX);
  }

  @Test
  void whatHasNoValueSaysWhy() {
    ForecastErrors zeros = ForecastErrors.of(new double[] {0, 0}, new double[] {0, 0}, Double.NaN);
    assertThat(zeros.smape().value()).as("0/0 is 0").isZero();
    assertThat(zeros.wape().defined()).isFalse();
    assertThat(zeros.mape().defined()).isFalse();
    assertThat(zeros.r2().undefined()).contains("do not vary");
    assertThat(zeros.mase().undefined()).contains("season");
    ForecastErrors none = ForecastErrors.of(new double[0], new double[0], 1);
    assertThat(none.mae().undefined()).isEqualTo("no rows");
  }

  @Test
  void aConstantTrainingSeriesHasNoScale() {
    assertThat(ForecastErrors.seasonalScale(new double[] {4, 4, 4, 4}, 1)).isNaN();
    assertThat(ForecastErrors.seasonalScale(new double[] {4, 5}, 2)).isNaN();
  }

  /// Of 3, 5, 4, 6, 5, 9 at the times 0 to 5 the pairs two apart differ by 1, 1, 1, 3. Without the value at time 2 two of them are
  /// left, and a later time has none: |6 − 5| and |9 − 6|.
  @Test
  void holesAreNoPairs() {
    double[] y = {3, 5, 4, 6, 5, 9};
    assertThat(ForecastErrors.seasonalScale(new long[] {0, 1, 2, 3, 4, 5}, y, 2)).isEqualTo(1.5);
    double[] empty = {3, 5, Double.NaN, 6, 5, 9};
    assertThat(ForecastErrors.seasonalScale(empty, 2)).isEqualTo((1 + 3) / 2.0);
    double[] without = {3, 5, 6, 5, 9, 70};
    assertThat(ForecastErrors.seasonalScale(new long[] {0, 1, 3, 4, 5, 60}, without, 2))
        .isEqualTo((1 + 3) / 2.0);
    assertThat(ForecastErrors.seasonalScale(new long[] {0, 5}, new double[] {1, 2}, 3)).isNaN();
  }

  /// At τ = 0.9 a forecast that is 2 too low costs 1.8, one that is 2 too high 0.2.
  @Test
  void pinball() {
    double[] y = {10, 10};
    assertThat(ForecastErrors.pinball(new double[] {8, 8}, y, 0.9).value()).isCloseTo(1.8, SIX);
    assertThat(ForecastErrors.pinball(new double[] {12, 12}, y, 0.9).value()).isCloseTo(0.2, SIX);
    assertThat(ForecastErrors.pinball(new double[] {8, 12}, y, 0.5).value())
        .as("half the absolute error")
        .isCloseTo(1, SIX);
  }

  @Test
  void collectedErrorsAreThoseOfTheWhole() {
    ForecastErrors.Collector c = new ForecastErrors.Collector();
    for (int i = 0; i < OBSERVED.length; i++) {
      c.add(FORECASTS[i], OBSERVED[i], 1.5);
    }
    ForecastErrors whole = ForecastErrors.of(FORECASTS, OBSERVED, 1.5);
    assertThat(c.errors().rmse()).isEqualTo(whole.rmse());
    assertThat(c.errors().mase().value()).isCloseTo(whole.mase().value(), within(1e-15));
    c.add(Double.NaN, 3, 1.5);
    c.add(0, 0, 1.5);
    assertThat(c.missing()).isEqualTo(1);
    assertThat(c.errors().rows()).isEqualTo(5);
    assertThat(c.shareOfZeros()).isEqualTo(0.2);
  }
}
