// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.awt.Color;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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

  private Curves() {}

  /// One chart: curves over epochs.
  static XYChart chart(String title, List<Integer> epochs, Map<String, List<Double>> curves) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle("epoch")
            .yAxisTitle("")
            .build();
    Styler styler = chart.getStyler();
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
    chart.getStyler().setXAxisDecimalPattern("0");
    double[] x = epochs.stream().mapToDouble(e -> e).toArray();
    curves.forEach(
        (name, y) ->
            chart
                .addSeries(name, x, y.stream().mapToDouble(v -> v).toArray())
                .setMarker(SeriesMarkers.CIRCLE));
    return chart;
  }

  /// Writes `NAME.svg` and `NAME.png` into a folder.
  ///
  /// @return the SVG, to be set into a page
  static String write(Path folder, String name, XYChart chart) throws IOException {
    byte[] svg = ChartEncoder.getBytes(chart, "svg");
    AtomicFiles.write(folder.resolve(name + ".svg"), file -> writeAll(file, svg));
    byte[] png = ChartEncoder.getBytes(chart, "png");
    AtomicFiles.write(folder.resolve(name + ".png"), file -> writeAll(file, png));
    return new String(svg, StandardCharsets.UTF_8);
  }

  private static void writeAll(FileChannel file, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      file.write(buffer);
    }
  }
}
