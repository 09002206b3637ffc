// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import java.util.Arrays;

/// How far forecasts are from what happened, in the unit of the data. e = ŷ − y.
///
/// ```
/// MAE = mean |e|          RMSE = √(mean e²)          bias = mean e          WAPE = Σ|e| / Σ|y|
/// sMAPE = mean 2|e| / (|y| + |ŷ|), 0/0 = 0           MAPE = mean |e|/|y| where y ≠ 0
/// R² = 1 − Σe² / Σ(y − ȳ)²                           MASE = MAE / scale
/// ```
///
/// @param rows forecasts measured
/// @param mae mean absolute error
/// @param rmse root of the mean squared error
/// @param wape weighted absolute percentage error; undefined when every y is 0
/// @param smape symmetric percentage error
/// @param mape percentage error where there is a percentage
/// @param mapeSkipped rows whose y is 0, which MAPE leaves out
/// @param bias mean error: above 0 where forecasts are too high
/// @param r2 share of variance explained; undefined when y does not vary
/// @param mase MAE over that of the seasonal forecast within the training rows; undefined when those do not vary
public record ForecastErrors(
    long rows,
    Metric mae,
    Metric rmse,
    Metric wape,
    Metric smape,
    Metric mape,
    long mapeSkipped,
    Metric bias,
    Metric r2,
    Metric mase) {

  /// Errors of forecasts; undefined without rows.
  ///
  /// @param scale of MASE, see [#seasonalScale]; NaN where there is none
  public static ForecastErrors of(double[] forecasts, double[] observed, double scale) {
    Labels.sameLength("forecast errors", forecasts.length, observed.length);
    int n = observed.length;
    if (n == 0) {
      Metric none = Metric.undefined("no rows");
      return new ForecastErrors(0, none, none, none, none, none, 0, none, none, none);
    }
    double absolute = 0;
    double squares = 0;
    double sum = 0;
    double magnitudes = 0;
    double symmetric = 0;
    double shares = 0;
    int zeros = 0;
    double mean = 0;
    for (int i = 0; i < n; i++) {
      double e = forecasts[i] - observed[i];
      double y = Math.abs(observed[i]);
      absolute += Math.abs(e);
      squares += e * e;
      sum += e;
      magnitudes += y;
      symmetric += e == 0 ? 0 : 2 * Math.abs(e) / (y + Math.abs(forecasts[i]));
      shares += y == 0 ? 0 : Math.abs(e) / y;
      zeros += y == 0 ? 1 : 0;
      mean += observed[i] / n;
    }
    double variation = 0;
    for (double y : observed) {
      variation += (y - mean) * (y - mean);
    }
    return new ForecastErrors(
        n,
        Metric.of(absolute / n),
        Metric.of(Math.sqrt(squares / n)),
        magnitudes == 0 ? Metric.undefined("every value is 0") : Metric.of(absolute / magnitudes),
        Metric.of(symmetric / n),
        zeros == n ? Metric.undefined("every value is 0") : Metric.of(shares / (n - zeros)),
        zeros,
        Metric.of(sum / n),
        variation == 0
            ? Metric.undefined("the values do not vary")
            : Metric.of(1 - squares / variation),
        scale > 0
            ? Metric.of(absolute / n / scale)
            : Metric.undefined(
                "the training values do not vary from season to season, or reach over none"));
  }

  /// (1 / (N − m)) Σ_{i > m} |y_i − y_{i−m}| over training values: the mean absolute error of the forecast that says what was m
  /// steps before. NaN where there is none.
  public static double seasonalScale(double[] training, int m) {
    long[] times = new long[training.length];
    Arrays.setAll(times, i -> i);
    return seasonalScale(times, training, m);
  }

  /// The same for values with holes: the mean is over the values that were measured a season after another one.
  ///
  /// @param times of the values, rising
  /// @param training NaN where nothing was measured
  /// @param season from one time to the one that it is compared with
  public static double seasonalScale(long[] times, double[] training, long season) {
    Labels.sameLength("seasonal scale", times.length, training.length);
    double sum = 0;
    int pairs = 0;
    int before = 0;
    for (int i = 0; i < training.length; i++) {
      while (times[before] < times[i] - season) {
        before++;
      }
      double change = Math.abs(training[i] - training[before]);
      if (times[before] == times[i] - season && !Double.isNaN(change)) {
        sum += change;
        pairs++;
      }
    }
    return sum == 0 ? Double.NaN : sum / pairs;
  }

  /// max(τ e′, (τ − 1) e′) with e′ = y − ŷ, on average: what a quantile of level τ makes least.
  public static Metric pinball(double[] forecasts, double[] observed, double level) {
    Labels.sameLength("pinball", forecasts.length, observed.length);
    double sum = 0;
    for (int i = 0; i < observed.length; i++) {
      double missing = observed[i] - forecasts[i];
      sum += Math.max(level * missing, (level - 1) * missing);
    }
    return observed.length == 0 ? Metric.undefined("no rows") : Metric.of(sum / observed.length);
  }

  /// Collects forecasts, and measures them at the end. What has no forecast, NaN, is left out and counted.
  public static final class Collector {
    private final DoubleArrayList forecasts = new DoubleArrayList();
    private final DoubleArrayList observed = new DoubleArrayList();
    private final DoubleArrayList scales = new DoubleArrayList();
    private long missing;

    /// Nothing collected yet.
    public Collector() {}

    /// Adds a forecast.
    ///
    /// @param scale of MASE for its series
    public void add(double forecast, double y, double scale) {
      if (Double.isNaN(forecast)) {
        missing++;
        return;
      }
      forecasts.add(forecast);
      observed.add(y);
      scales.add(scale);
    }

    /// Rows without a forecast.
    public long missing() {
      return missing;
    }

    /// Share of forecasts that are exactly 0: of a clamped model, those it had to cut, and those it hit.
    public double shareOfZeros() {
      double zeros = 0;
      for (double f : forecasts) {
        zeros += f == 0 ? 1 : 0;
      }
      return forecasts.isEmpty() ? Double.NaN : zeros / forecasts.size();
    }

    /// The errors. MASE is the mean of |e| over the scale of each row's own series.
    public ForecastErrors errors() {
      double[] f = forecasts.toDoubleArray();
      double[] y = observed.toDoubleArray();
      ForecastErrors errors = of(f, y, Double.NaN);
      double sum = 0;
      for (int i = 0; i < f.length; i++) {
        sum += Math.abs(f[i] - y[i]) / scales.getDouble(i);
      }
      return Double.isNaN(sum) || f.length == 0 ? errors : errors.with(Metric.of(sum / f.length));
    }
  }

  private ForecastErrors with(Metric otherMase) {
    return new ForecastErrors(rows, mae, rmse, wape, smape, mape, mapeSkipped, bias, r2, otherMase);
  }
}
