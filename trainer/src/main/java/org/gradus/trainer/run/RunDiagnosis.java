// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.ValueLoss;
import org.gradus.trainer.run.Diagnosis.Thresholds;
import org.gradus.trainer.store.StoreException;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tools.jackson.databind.JsonNode;

/// The losses of a run, epoch by epoch, as they stand in its history, and what they say.
///
/// Like is compared with like: the training loss of the labels, each times its factor, without penalties and without the losses that a
/// model computes besides; and of the validation metrics those that are the same losses, the log loss, ½ rmse², or for the absolute
/// error the mae. Where training has another loss for values, as quantiles have, ½ rmse² stands for it, and no gap is reported. A
/// model without labels has its own loss in both.
///
/// @param train loss of the labels, by epoch
/// @param valid the same on the validation rows
/// @param alike whether both are the same kind of loss
public record RunDiagnosis(double[] train, double[] valid, boolean alike) {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 480;
  private static final int TITLE = 12; // points: a sentence must fit into the width
  private static final String TRAIN = "train.";
  private static final String VALID = "valid.";
  private static final String LOG_LOSS = "logloss";

  /// Reads the history of a run.
  ///
  /// @param config of the run
  /// @throws IllegalArgumentException when it has fewer than two epochs, or no loss that both parts have
  public static RunDiagnosis of(RunFolder folder, TrainConfig config) {
    LossConfig loss = config.loss();
    List<JsonNode> epochs = History.of(folder.history()).epochs();
    if (epochs.size() < 2) {
      throw new IllegalArgumentException(
          "diagnose: " + folder.path() + " has " + epochs.size() + " epochs. Expected at least 2.");
    }
    double[] train = new double[epochs.size()];
    double[] valid = new double[epochs.size()];
    String error = loss.values() instanceof ValueLoss.Absolute ? "mae" : "rmse";
    List<String> metrics = metrics(epochs.getFirst(), error);
    boolean own = epochs.getFirst().has(VALID + Evaluation.LOSS); // the model's
    if (metrics.isEmpty() && !own) {
      throw new IllegalArgumentException(
          "diagnose: the history of "
              + folder.path()
              + " has no validation loss. Expected valid.loss, a log loss or an rmse; data without"
              + " validation rows have none.");
    }
    boolean squared = loss.values() instanceof ValueLoss.Squared;
    boolean quantiles = !config.model().settings().getOrDefault("quantiles", "").isEmpty();
    boolean means = loss.reduction() == LossConfig.Reduction.MEAN_OBSERVED;
    boolean logLoss = !own && metrics.getFirst().endsWith("." + LOG_LOSS);
    boolean values = (squared || error.equals("mae")) && !quantiles;
    // a model's own loss may be another in training: smoothed labels, sampled classes, dropout
    boolean alike = !own && means && (logLoss || values);
    for (int e = 0; e < train.length; e++) {
      JsonNode line = epochs.get(e);
      if (own) {
        train[e] = number(line, TRAIN + Evaluation.LOSS) - line.path("train.penalty").asDouble(0);
        valid[e] = number(line, VALID + Evaluation.LOSS);
        continue;
      }
      for (String metric : metrics) {
        String label = label(metric, line);
        double factor = loss.labels().getOrDefault(label, 1.0);
        double x = number(line, metric);
        train[e] += factor * number(line, TRAIN + label);
        valid[e] += factor * (metric.endsWith("rmse") ? 0.5 * x * x : x);
      }
    }
    return new RunDiagnosis(train, valid, alike);
  }

  /// The validation metrics that are losses, one of each label; beside the errors of each label stands the one over all of them.
  private static List<String> metrics(JsonNode line, String error) {
    Set<String> names = Set.copyOf(line.propertyNames());
    return line.propertyNames().stream()
        .filter(n -> n.startsWith(VALID) && !Evaluation.isOfScenario(n))
        .filter(n -> n.endsWith("." + LOG_LOSS) || n.endsWith("." + error))
        .filter(n -> !names.contains(n + "_undefined"))
        .filter(n -> names.stream().noneMatch(part -> Evaluation.isPart(part, Set.of(n))))
        .toList();
  }

  /// The label of `valid.click.logloss`. A single one is not named, `valid.logloss`: its part of the training loss is the first,
  /// for labels stand before other losses.
  private static String label(String metric, JsonNode line) {
    int end = metric.lastIndexOf('.');
    if (end > VALID.length()) {
      return metric.substring(VALID.length(), end);
    }
    return line.propertyNames().stream()
        .filter(n -> n.startsWith(TRAIN))
        .findFirst()
        .orElse(TRAIN)
        .substring(TRAIN.length());
  }

  /// A number of the history; NaN, which JSON has no number for, where it was none.
  private static double number(JsonNode line, String name) {
    return line.path(name).isNumber() ? line.path(name).asDouble() : Double.NaN;
  }

  /// What they say.
  public Diagnosis diagnosis(Thresholds thresholds) {
    Diagnosis diagnosis = Diagnosis.of(train, valid, thresholds);
    return alike ? diagnosis : diagnosis.withoutGap();
  }

  /// Draws both losses with the best epoch marked, into `NAME.png` and `NAME.svg` of a folder.
  public void draw(Path folder, String name, Diagnosis diagnosis) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(diagnosis.verdict() + ": " + diagnosis.reason())
            .xAxisTitle("epoch")
            .yAxisTitle("loss")
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setChartTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, TITLE));
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setXAxisDecimalPattern("0");
    double[] epochs = IntStream.rangeClosed(1, train.length).asDoubleStream().toArray();
    chart.addSeries("training", epochs, train).setMarker(SeriesMarkers.NONE);
    chart.addSeries("validation", epochs, valid).setMarker(SeriesMarkers.NONE);
    int best = diagnosis.bestEpoch();
    XYSeries mark = chart.addSeries("best", new double[] {best}, new double[] {valid[best - 1]});
    mark.setMarker(SeriesMarkers.CIRCLE);
    try {
      Curves.write(folder, name, chart);
    } catch (IOException e) {
      throw StoreException.writing(folder.resolve(name + ".png"), e);
    }
  }
}
