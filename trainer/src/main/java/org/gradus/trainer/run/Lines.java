// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;
import org.gradus.trainer.store.AtomicFiles;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// A picture of measurements on two logarithmic axes, where a power is a straight line and its exponent the slope.
public final class Lines {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 480;

  private Lines() {}

  /// Writes a PNG.
  ///
  /// @param x what is on the axis below
  /// @param y what is on the axis on the left
  /// @param lines by name `[2, n]`: abscissas and ordinates of a line, all above 0
  public static void write(
      Path png, String title, String x, String y, SequencedMap<String, double[][]> lines)
      throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setYAxisLogarithmic(true);
    lines.forEach(
        (name, line) -> chart.addSeries(name, line[0], line[1]).setMarker(SeriesMarkers.CIRCLE));
    AtomicFiles.write(png, ChartEncoder.getBytes(chart, "png"));
  }
}
