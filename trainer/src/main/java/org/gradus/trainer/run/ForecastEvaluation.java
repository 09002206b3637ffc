// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.gradus.data.series.Forecaster;
import org.gradus.data.series.TimeSeries;
import org.gradus.data.series.Window;
import org.gradus.data.series.WindowExamples;
import org.gradus.embeddings.Field;
import org.gradus.trainer.metrics.ForecastErrors;

/// Measures forecasts of windows in the unit of the data: over all hours, by step of the horizon, and by station.
public final class ForecastEvaluation {
  private static final long DAY = 86_400; // seconds

  private final WindowExamples rows;
  private final double[] scales; // by station, of MASE

  /// Errors of one forecaster.
  ///
  /// @param forecaster what it is
  /// @param all over every forecast
  /// @param steps by step of the horizon, from 1
  /// @param stations by name
  /// @param missing hours that it has no forecast for, left out of the errors
  /// @param zeros share of forecasts that are exactly 0
  public record Scores(
      String forecaster,
      ForecastErrors all,
      List<ForecastErrors> steps,
      Map<String, ForecastErrors> stations,
      long missing,
      double zeros) {
    /// The mean over stations of their mean absolute errors: each counts the same, however large its errors.
    public double maeByStation() {
      return stations.values().stream()
          .mapToDouble(e -> e.mae().value())
          .average()
          .orElse(Double.NaN);
    }
  }

  /// Measures on these windows.
  ///
  /// @param train windows of the training part, whose values scale MASE
  public ForecastEvaluation(WindowExamples rows, WindowExamples train) {
    this.rows = rows;
    long step = rows.panel().step();
    long season = Math.max(1, DAY / step) * step;
    int[] ends = new int[rows.panel().stations().size()];
    for (Window w : train.windows()) {
      int end = w.firstTarget() + train.windowing().horizon();
      ends[w.station()] = Math.max(ends[w.station()], end);
    }
    scales = new double[ends.length];
    for (int k = 0; k < scales.length; k++) {
      TimeSeries s = rows.panel().stations().get(k);
      scales[k] =
          ForecastErrors.seasonalScale(
              Arrays.copyOf(s.times(), ends[k]), Arrays.copyOf(s.target(), ends[k]), season);
    }
  }

  /// Measures on these windows, without MASE: no training values are at hand.
  public ForecastEvaluation(WindowExamples rows) {
    this(rows, rows.with(List.of()));
  }

  /// Errors of something that forecasts window by window.
  public Scores of(Forecaster forecaster) {
    Tally tally = new Tally();
    for (Window w : rows.windows()) {
      tally.add(w, forecaster.forecast(rows, w));
    }
    return tally.scores(forecaster.label());
  }

  /// Errors of a model, whose heads are the steps of the horizon.
  public Scores of(String name, Evaluator evaluator) {
    Tally tally = new Tally();
    forecasts(rows, evaluator, tally::add);
    return tally.scores(name);
  }

  /// What a model, whose heads are the steps of the horizon, forecasts for each window, in order and in the unit of the data.
  public static void forecasts(
      WindowExamples rows, Evaluator evaluator, BiConsumer<Window, double[]> sink) {
    List<String> labels = rows.schema().labels().stream().map(Field.Label::name).toList();
    int[] next = new int[1];
    evaluator.predict(
        rows,
        (batch, predictions) -> {
          for (int b = 0; b < batch.size(); b++) {
            Window w = rows.windows().get(next[0]++);
            double[] forecast = new double[labels.size()];
            for (int j = 0; j < forecast.length; j++) {
              var p = Objects.requireNonNull(predictions.get(labels.get(j)), labels.get(j));
              forecast[j] = rows.unscaled(w, p.shown(b));
            }
            sink.accept(w, forecast);
          }
        });
  }

  /// What was collected so far.
  private final class Tally {
    private final ForecastErrors.Collector all = new ForecastErrors.Collector();
    private final List<ForecastErrors.Collector> steps = new ArrayList<>();
    private final Map<String, ForecastErrors.Collector> stations = new LinkedHashMap<>();

    Tally() {
      for (int j = 0; j < rows.windowing().horizon(); j++) {
        steps.add(new ForecastErrors.Collector());
      }
      for (TimeSeries s : rows.panel().stations()) {
        stations.put(s.name(), new ForecastErrors.Collector());
      }
    }

    void add(Window w, double[] forecast) {
      double[] y = rows.observed(w);
      String station = rows.panel().stations().get(w.station()).name();
      var own = Objects.requireNonNull(stations.get(station), station);
      double scale = scales[w.station()];
      for (int j = 0; j < y.length; j++) {
        all.add(forecast[j], y[j], scale);
        steps.get(j).add(forecast[j], y[j], scale);
        own.add(forecast[j], y[j], scale);
      }
    }

    Scores scores(String name) {
      Map<String, ForecastErrors> byStation = new LinkedHashMap<>();
      stations.forEach((station, c) -> byStation.put(station, c.errors()));
      return new Scores(
          name,
          all.errors(),
          steps.stream().map(ForecastErrors.Collector::errors).toList(),
          byStation,
          all.missing(),
          all.shareOfZeros());
    }
  }
}
