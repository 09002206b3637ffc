// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.gradus.trainer.store.AtomicFiles;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// The curves of a run as pictures.
final class Curves {
  private static final int WIDTH = 900;
  private static final int HEIGHT = 480;

  /// Points that are marked one by one.
  private static final int FEW = 30;

  private Curves() {}

  /// One chart: curves over steps.
  static XYChart chart(String title, History history, List<String> names) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle("step")
            .yAxisTitle("")
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setXAxisDecimalPattern("0");
    for (String name : names) {
      double[][] curve = history.curve(name);
      if (curve[0].length > 0) { // undefined throughout
        boolean few = curve[0].length <= FEW;
        chart
            .addSeries(name, curve[0], curve[1])
            .setMarker(few ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
      }
    }
    return chart;
  }

  /// Writes `NAME.svg` and `NAME.png` into a folder.
  ///
  /// @return the SVG, to be set into a page
  static String write(Path folder, String name, XYChart chart) throws IOException {
    byte[] svg = ChartEncoder.getBytes(chart, "svg");
    AtomicFiles.write(folder.resolve(name + ".svg"), svg);
    AtomicFiles.write(folder.resolve(name + ".png"), ChartEncoder.getBytes(chart, "png"));
    return new String(svg, StandardCharsets.UTF_8);
  }
}
