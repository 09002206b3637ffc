// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.gradus.data.series.TargetTransform.Kind;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The numbers of the specification, which prints six decimals.
class ScalerTest {
  private static final Offset<Double> SIX = within(5e-7);

  @Test
  void standardised() {
    Scaler s = Scaler.fit(Scaling.STANDARD, 2, 4, 6, 8);
    assertThat(s.shift()).isEqualTo(5);
    assertThat(s.scale()).isCloseTo(2.236068, SIX);
    assertThat(s.apply(1)).isCloseTo(-1.788854, SIX);
    assertThat(s.apply(12)).isCloseTo(3.130495, SIX);
  }

  @Test
  void outsideTheTrainingRangeIsOutsideZeroToOne() {
    Scaler s = Scaler.fit(Scaling.MINMAX, 2, 4, 6, 8);
    assertThat(s.apply(1)).isCloseTo(-0.166667, SIX);
    assertThat(s.apply(12)).isCloseTo(1.666667, SIX);
  }

  @Test
  void zeroStaysZeroWhereTheTargetIsDivided() {
    assertThat(Scaler.fit(Scaling.MAX, 2, 4, 6, -8)).isEqualTo(new Scaler(0, 8));
    assertThat(Scaler.fit(Scaling.MEAN, 2, 4, 6, 8)).isEqualTo(new Scaler(0, 5));
    assertThat(Scaler.fit(Scaling.NONE, 2, 4)).isEqualTo(Scaler.NONE);
  }

  /// A constant has no deviation; missing values are no values.
  @ParameterizedTest
  @EnumSource(Scaling.class)
  void thereAndBack(Scaling scaling) {
    Scaler constant = Scaler.fit(scaling, 0, 0, 0);
    assertThat(constant.apply(0)).isZero();
    Scaler s = Scaler.fit(scaling, 3, Double.NaN, 7, 4);
    assertThat(s).isEqualTo(Scaler.fit(scaling, 3, 7, 4));
    for (int i = 0; i < 20; i++) {
      double x = 40 * Counter.uniform53(1, i) - 20;
      assertThat(s.invert(s.apply(x))).isCloseTo(x, within(1e-12));
    }
    assertThatThrownBy(() -> Scaler.fit(scaling, Double.NaN)).hasMessageContaining("no number");
  }

  @Test
  void logarithms() {
    TargetTransform log1p = new TargetTransform(Kind.LOG1P, 0);
    assertThat(log1p.apply(0)).isZero();
    assertThat(log1p.apply(0.5)).isCloseTo(0.405465, SIX);
    assertThat(log1p.apply(10)).isCloseTo(2.397895, SIX);
    TargetTransform log = new TargetTransform(Kind.LOG, 1e-6);
    assertThat(log.apply(0)).isCloseTo(-13.815511, SIX);
    assertThat(log.apply(0.5)).isCloseTo(-0.693145, SIX);
    assertThat(log.apply(10)).isCloseTo(2.302585, SIX);
    for (TargetTransform t : new TargetTransform[] {log, log1p, TargetTransform.NONE}) {
      for (double y : new double[] {0, 0.5, 10, 1e-3, 123.4}) {
        assertThat(t.invert(t.apply(y))).isCloseTo(y, within(1e-9));
      }
    }
    assertThat(log.invert(-20)).as("never below 0").isZero();
  }

  /// What a published snippet did by writing 1e6 for 1e-6.
  @Test
  void aLargeEpsilonLeavesNoSignal() {
    TargetTransform wrong = new TargetTransform(Kind.LOG, 1e6);
    assertThat(wrong.apply(0)).isCloseTo(13.815511, SIX);
    assertThat(wrong.apply(0.5)).isCloseTo(13.815511, SIX);
    assertThat(wrong.apply(10)).isCloseTo(13.815521, SIX);
    assertThatThrownBy(() -> new TargetTransform(Kind.LOG, 0)).hasMessageContaining("ε = 0");
  }

  @Test
  void theMeanOfALogNormalNumberIsAboveItsMedian() {
    assertThat(TargetTransform.biasCorrection(0.25)).isCloseTo(1.133148, SIX);
    TargetTransform log1p = new TargetTransform(Kind.LOG1P, 0);
    assertThat(log1p.invertToMean(log1p.apply(3), 0.25)).isCloseTo(4 * 1.133148 - 1, within(2e-6));
    assertThat(log1p.invertToMean(log1p.apply(3), 0)).isCloseTo(3, within(1e-12));
  }

  private static void fitRefused(double[] y, Scaling scaling, Kind kind, String... words) {
    PanelScaler.Rules rules =
        new PanelScaler.Rules(scaling, Scaling.NONE, true, new TargetTransform(kind, 1e-3));
    assertThatThrownBy(() -> PanelScaler.fit(Panels.of(y), rules, Long.MAX_VALUE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(words);
  }

  /// A mean near 0 blows up what is divided by it, one below 0 turns its sign; no logarithm is that of a negative number.
  @Test
  void targetsOfBothSignsHaveNoMeanToDivideBy() {
    double[] wave = new double[240];
    java.util.Arrays.setAll(wave, t -> StrictMath.sin(2 * Math.PI * t / 24) + 1e-3);
    fitRefused(wave, Scaling.MEAN, Kind.NONE, "station s0", "scaling=mean", "standard");
    fitRefused(new double[] {-2, -4}, Scaling.MEAN, Kind.NONE, "station s0", "scaling=mean");
    fitRefused(new double[] {2, -4}, Scaling.STANDARD, Kind.LOG, "station s0", "transform=log");
    fitRefused(new double[] {2, -1}, Scaling.STANDARD, Kind.LOG1P, "-1.0", "transform=log1p");
    double[] mostlyAbove = {2, -1, 3};
    PanelScaler scaler =
        PanelScaler.fit(Panels.of(mostlyAbove), PanelScaler.Rules.MEANS, Long.MAX_VALUE);
    assertThat(scaler.target(0, 2)).isCloseTo(1.5, within(1e-12));
  }

  /// Two stations of two variables over four hours, of which the first two are training rows; what follows is far off.
  private static Panel wind() {
    long[] times = {Panels.hour(0), Panels.hour(1), Panels.hour(2), Panels.hour(3)};
    double[][] north = {{1, 3, 500, 700}, {10, 14, -900, 900}};
    double[][] south = {{20, 60, 1, 2}, {5, 11, 1e6, -1e6}};
    return new Panel(
        List.of("power", "wind"),
        List.of(),
        PowerStations.HOUR,
        List.of(new TimeSeries("north", times, north), new TimeSeries("south", times, south)));
  }

  private static float[][][] scaledWind(boolean perStation) {
    PanelScaler.Rules rules =
        new PanelScaler.Rules(Scaling.MEAN, Scaling.STANDARD, perStation, TargetTransform.NONE);
    return PanelScaler.fit(wind(), rules, Panels.hour(2)).apply(wind());
  }

  /// North: power by 2, wind around 12 by 2; south: power by 40, wind around 8 by 3.
  @Test
  void everyVariableOfEveryStationIsScaledByItsTrainingRows() {
    float[][][] scaled = scaledWind(true);
    assertThat(scaled[0][0]).containsExactly(0.5f, 1.5f, 250, 350);
    assertThat(scaled[0][1]).containsExactly(-1, 1, -456, 444);
    assertThat(scaled[1][0]).containsExactly(0.5f, 1.5f, 0.025f, 0.05f);
    assertThat(scaled[1][1])
        .containsExactly(-1, 1, (float) ((1e6 - 8) / 3), (float) ((-1e6 - 8) / 3));
  }

  /// Power of both stations has the mean 21; wind 5, 10, 11, 14 the mean 10 and the variance 10.5.
  @Test
  void stationsMayShareTheirScalers() {
    float[][][] scaled = scaledWind(false);
    double deviation = Math.sqrt(10.5);
    assertThat(scaled[0][0]).startsWith((float) (1 / 21.0), (float) (3 / 21.0));
    assertThat(scaled[1][0]).startsWith((float) (20 / 21.0), (float) (60 / 21.0));
    assertThat(scaled[0][1]).startsWith(0, (float) (4 / deviation));
    assertThat(scaled[1][1]).startsWith((float) (-5 / deviation), (float) (1 / deviation));
  }

  @Test
  void hoursAreOnACircle() {
    double[][] f =
        CalendarFeatures.of(new long[] {Panels.hour(6), Panels.hour(23), Panels.hour(24)});
    assertThat(f[0][0]).isCloseTo(1, SIX);
    assertThat(f[1][0]).isCloseTo(0, SIX);
    assertThat(f[0][1]).isCloseTo(-0.258819, SIX);
    assertThat(f[1][1]).isCloseTo(0.965926, SIX);
    assertThat(f[2][0]).as("Monday").isZero();
    assertThat(f[2][2]).as("Tuesday").isCloseTo(Math.sin(2 * Math.PI / 7), SIX);
    assertThat(f[5][2]).as("second day of the year").isCloseTo(Math.cos(2 * Math.PI / 365.25), SIX);
  }
}
