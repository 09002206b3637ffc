// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.awt.Font;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
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
/// The validation loss is made of the metrics: the log loss, or for values ½ rmse², each summed over the labels as the training loss
/// is.
///
/// @param train loss without penalty, by epoch
/// @param valid the same on the validation rows
public record RunDiagnosis(double[] train, double[] valid) {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 480;
  private static final int TITLE = 12; // points: a sentence must fit into the width

  /// Reads the history of a run.
  ///
  /// @throws IllegalArgumentException when it has fewer than two epochs, or no loss that both parts have
  public static RunDiagnosis of(RunFolder folder) {
    List<JsonNode> epochs = History.of(folder.history()).epochs();
    if (epochs.size() < 2) {
      throw new IllegalArgumentException(
          "diagnose: " + folder.path() + " has " + epochs.size() + " epochs. Expected at least 2.");
    }
    double[] train = new double[epochs.size()];
    double[] valid = new double[epochs.size()];
    for (int e = 0; e < train.length; e++) {
      JsonNode line = epochs.get(e);
      train[e] = line.path("train.loss").asDouble() - line.path("train.penalty").asDouble(0);
      valid[e] = validLoss(line, folder.path());
    }
    return new RunDiagnosis(train, valid);
  }

  private static double validLoss(JsonNode line, Path run) {
    if (line.path("valid.loss").isNumber()) {
      return line.path("valid.loss").asDouble();
    }
    double sum = 0;
    int labels = 0;
    Set<String> names = Set.copyOf(line.propertyNames());
    for (String name : names) {
      boolean logLoss = name.startsWith("valid.") && name.endsWith(".logloss");
      boolean error = name.startsWith("valid.") && name.endsWith(".rmse");
      // beside the errors of each label stands the one over all of them
      boolean pooled = names.stream().anyMatch(n -> Evaluation.isPart(n, Set.of(name)));
      if ((logLoss || error) && !pooled && line.path(name).isNumber()) {
        double x = line.path(name).asDouble();
        sum += logLoss ? x : 0.5 * x * x;
        labels++;
      }
    }
    if (labels == 0) {
      throw new IllegalArgumentException(
          "diagnose: the history of "
              + run
              + " has no validation loss. Expected valid.loss, a log loss or an rmse; data without"
              + " validation rows have none.");
    }
    return sum;
  }

  /// What they say.
  public Diagnosis diagnosis(Thresholds thresholds) {
    return Diagnosis.of(train, valid, thresholds);
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
