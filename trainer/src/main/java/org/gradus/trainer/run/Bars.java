// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.gradus.trainer.store.AtomicFiles;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.style.CategoryStyler;

/// A picture of means with their deviations, one mark per name.
public final class Bars {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 480;

  private Bars() {}

  /// Writes a PNG.
  ///
  /// @param names what the marks are called, from left to right
  /// @param means one for each name, finite
  /// @param deviations drawn above and below the mean
  public static void write(
      Path png, String title, List<String> names, List<Double> means, List<Double> deviations)
      throws IOException {
    CategoryChart chart =
        new CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).build();
    CategoryStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE);
    style.setLegendVisible(false);
    style.setXAxisLabelRotation(45);
    style.setYAxisDecimalPattern("0.000");
    // Marks, not columns: a column that does not start at 0 makes small differences look large.
    style.setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
    chart.addSeries("mean", names, means, deviations);
    AtomicFiles.write(png, ChartEncoder.getBytes(chart, "png"));
  }
}
