// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.gradus.data.DataSet;
import org.gradus.data.series.NaiveForecast;
import org.gradus.data.series.RidgeForecast;
import org.gradus.data.series.WindowExamples;
import org.gradus.trainer.metrics.ForecastErrors;
import org.gradus.trainer.metrics.Metric;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.ForecastEvaluation;
import org.gradus.trainer.run.ForecastEvaluation.Scores;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;

/// A model beside the forecasts that it must beat, in the unit of the data.
///
/// @param train windows that ridge regression is fitted on
/// @param test windows that all are measured on
record ForecastTable(WindowExamples train, WindowExamples test) {
  private static final double RIDGE = 1e-3;
  private static final String FILE = "forecast-errors.csv";

  /// Prints the table of a data set of series; nothing for others.
  ///
  /// @param folder of the run, where errors by step and station are written
  static void print(TrainConfig c, DataSet set, Session session, Path folder, PrintWriter out) {
    if (set.train() instanceof WindowExamples train && set.test() instanceof WindowExamples test) {
      Evaluator evaluator = new Evaluator(session.model(), session.device(), c.measure());
      List<Scores> all = new ForecastTable(train, test).scores(c.model().name(), evaluator);
      print(all, out);
      AtomicFiles.write(folder.resolve(FILE), csv(all));
    }
  }

  /// Prints the table of a file, measured where it says what happened: the model beside forecasts without parameters.
  static void print(String model, WindowExamples rows, Evaluator evaluator, PrintWriter out) {
    ForecastEvaluation evaluation = new ForecastEvaluation(rows);
    List<Scores> all = new ArrayList<>();
    all.add(evaluation.of(model, evaluator));
    for (NaiveForecast naive : NaiveForecast.values()) {
      all.add(evaluation.of(naive));
    }
    print(all, out);
  }

  private List<Scores> scores(String model, Evaluator evaluator) {
    ForecastEvaluation evaluation = new ForecastEvaluation(test, train);
    List<Scores> all = new ArrayList<>();
    all.add(evaluation.of(model, evaluator));
    all.add(evaluation.of(RidgeForecast.fit(train, RIDGE)));
    for (NaiveForecast naive : NaiveForecast.values()) {
      all.add(evaluation.of(naive));
    }
    return all;
  }

  private static void print(List<Scores> all, PrintWriter out) {
    out.println();
    out.printf(
        Locale.ROOT,
        "  %-20s %9s %9s %9s %9s %9s %9s %9s %9s%n",
        "test forecasts",
        "MAE",
        "RMSE",
        "WAPE",
        "MASE",
        "bias",
        "R2",
        "zeros",
        "hours");
    for (Scores s : all) {
      ForecastErrors e = s.all();
      out.printf(
          Locale.ROOT,
          "  %-20s %9s %9s %9s %9s %9s %9s %9.4f %9d%s%n",
          s.forecaster(),
          text(e.mae()),
          text(e.rmse()),
          text(e.wape()),
          text(e.mase()),
          text(e.bias()),
          text(e.r2()),
          s.zeros(),
          e.rows(),
          s.missing() == 0 ? "" : "  (" + s.missing() + " without a forecast)");
    }
    out.println();
    out.flush();
  }

  private static String text(Metric m) {
    return m.defined() ? String.format(Locale.ROOT, "%.4f", m.value()) : "-";
  }

  private static String csv(List<Scores> all) {
    StringBuilder s =
        new StringBuilder(
            "forecaster,part,hours,mae,rmse,wape,smape,mape,mape_skipped,bias,r2,mase\n");
    for (Scores scores : all) {
      line(s, scores.forecaster(), "all", scores.all());
      for (int j = 0; j < scores.steps().size(); j++) {
        line(s, scores.forecaster(), "step " + (j + 1), scores.steps().get(j));
      }
      scores.stations().forEach((station, e) -> line(s, scores.forecaster(), station, e));
    }
    return s.toString();
  }

  private static void line(StringBuilder s, String forecaster, String part, ForecastErrors e) {
    s.append(forecaster).append(',').append(part).append(',').append(e.rows());
    for (Metric m : List.of(e.mae(), e.rmse(), e.wape(), e.smape(), e.mape())) {
      s.append(',').append(m.defined() ? Double.toString(m.value()) : "");
    }
    s.append(',').append(e.mapeSkipped());
    for (Metric m : List.of(e.bias(), e.r2(), e.mase())) {
      s.append(',').append(m.defined() ? Double.toString(m.value()) : "");
    }
    s.append('\n');
  }
}
