// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForecasterTest {
  private static WindowExamples counting(int hours, Windowing w) {
    Panel panel = Panels.counting(hours);
    PanelScaler.Rules rules =
        new PanelScaler.Rules(Scaling.STANDARD, Scaling.NONE, true, TargetTransform.NONE);
    PanelScaler scaler = PanelScaler.fit(panel, rules, Long.MAX_VALUE);
    return new WindowExamples(panel, scaler, w, Panels.all(panel, w));
  }

  /// The value at hour t is t, so forecasts say which hours they looked at.
  @ParameterizedTest
  @ValueSource(ints = {0, 3, 30})
  void naiveForecastsLookAtThePastOnly(int gap) {
    Windowing w = new Windowing(24, 30, 1, gap);
    WindowExamples rows = counting(600, w);
    for (Window x : List.of(rows.windows().getFirst(), rows.windows().getLast())) {
      int last = x.start() + 23;
      double[] lastValue = NaiveForecast.LAST_VALUE.forecast(rows, x);
      double[] day = NaiveForecast.SEASONAL_DAY.forecast(rows, x);
      double[] week = NaiveForecast.SEASONAL_WEEK.forecast(rows, x);
      double[] mean = NaiveForecast.SAME_HOUR_MEAN.forecast(rows, x);
      for (int j = 0; j < 30; j++) {
        int at = x.firstTarget() + j;
        int lag = 24;
        while (at - lag > last) {
          lag += 24;
        }
        int weeks = 168;
        while (at - weeks > last) {
          weeks += 168;
        }
        assertThat(lastValue[j]).isEqualTo(last);
        assertThat(day[j]).isEqualTo(at - lag);
        assertThat(week[j]).isEqualTo(Double.valueOf(at >= weeks ? at - weeks : Double.NaN));
        double days = at - lag - 3 * 24; // the middle of seven
        assertThat(mean[j]).isEqualTo(Double.valueOf(at - lag - 6 * 24 >= 0 ? days : Double.NaN));
      }
    }
  }

  /// A series that repeats its day exactly, with five lines missing and one cell empty: a forecast by season is exact or there is
  /// none, never another hour's value.
  @Test
  void aHoleMovesNoHour() {
    int n = 400;
    long[] times =
        LongStream.range(0, n).filter(t -> t < 200 || t > 204).map(Panels::hour).toArray();
    double[] y = Arrays.stream(times).mapToDouble(t -> (t - Panels.hour(0)) / 3600 % 24).toArray();
    y[150] = Double.NaN;
    TimeSeries s = new TimeSeries("s", times, new double[][] {y});
    Panel panel = new Panel(List.of("power"), List.of(), PowerStations.HOUR, List.of(s));
    PanelScaler scaler = PanelScaler.fit(panel, PanelScaler.Rules.MEANS, Long.MAX_VALUE);
    Windowing w = new Windowing(24, 30, 1);
    WindowExamples rows = new WindowExamples(panel, scaler, w, Panels.all(panel, w));
    for (NaiveForecast naive :
        List.of(
            NaiveForecast.SEASONAL_DAY,
            NaiveForecast.SEASONAL_WEEK,
            NaiveForecast.SAME_HOUR_MEAN)) {
      int found = 0;
      for (Window x : rows.windows()) {
        double[] forecast = naive.forecast(rows, x);
        double[] observed = rows.observed(x);
        for (int j = 0; j < forecast.length; j++) {
          if (!Double.isNaN(forecast[j])) {
            assertThat(forecast[j]).as("%s", naive).isEqualTo(observed[j]);
            found++;
          }
        }
      }
      assertThat(found).as("%s", naive).isPositive();
    }
    Window last = rows.windows().getLast();
    double[] week = NaiveForecast.SEASONAL_WEEK.forecast(rows, last);
    for (int j = 0; j < week.length; j++) {
      long hour = (times[last.firstTarget() + j] - Panels.hour(0)) / 3600 - 168;
      assertThat(Double.isNaN(week[j])).isEqualTo(hour >= 200 && hour <= 204);
    }
    assertThat(week).contains(Double.NaN);
  }

  /// y_t = 0.2 + 0.6 y_{t−1} − 0.5 y_{t−2} has no noise, and a small λ finds it.
  @Test
  void ridgeFindsALinearLaw() {
    double[] y = new double[200];
    y[0] = 1;
    y[1] = 0.3;
    for (int t = 2; t < y.length; t++) {
      y[t] = 0.2 + 0.6 * y[t - 1] - 0.5 * y[t - 2];
    }
    Panel panel = Panels.of(y);
    PanelScaler scaler =
        PanelScaler.fit(
            panel,
            new PanelScaler.Rules(Scaling.STANDARD, Scaling.NONE, true, TargetTransform.NONE),
            Long.MAX_VALUE);
    Windowing w = new Windowing(2, 2, 1);
    WindowExamples rows = new WindowExamples(panel, scaler, w, Panels.all(panel, w));
    RidgeForecast ridge = RidgeForecast.fit(rows, 1e-9);
    for (Window x : rows.windows().subList(0, 20)) {
      double[] expected = rows.observed(x);
      double[] found = ridge.forecast(rows, x);
      for (int j = 0; j < 2; j++) {
        assertThat(found[j]).isCloseTo(expected[j], within(1e-4));
      }
    }
  }

  /// With λ far above the variance of the inputs nothing is left but the mean.
  @Test
  void aLargeLambdaForecastsTheMean() {
    WindowExamples rows = counting(100, new Windowing(3, 1, 1));
    double[] targets = rows.windows().stream().mapToDouble(x -> rows.observed(x)[0]).toArray();
    double mean = Arrays.stream(targets).average().orElseThrow();
    double[] found = RidgeForecast.fit(rows, 1e9).forecast(rows, rows.windows().getFirst());
    assertThat(found[0]).isCloseTo(mean, within(1e-4));
  }
}
