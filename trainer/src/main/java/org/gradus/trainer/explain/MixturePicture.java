// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.StoreException;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.style.CategoryStyler;

/// Weights as pictures: a column for each part of a mixture.
public final class MixturePicture {
  private static final int LEAST_WIDTH = 480;
  private static final int COLUMN = 22;
  private static final int HEIGHT = 420;

  private MixturePicture() {}

  /// The format that a file's name asks for, `png` or `svg`.
  public static String format(Path file) {
    String name = file.getFileName() == null ? "" : file.getFileName().toString();
    String end = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    if (!name.contains(".") || !List.of("png", "svg").contains(end)) {
      throw new IllegalArgumentException(
          "explain: --out " + file + ". Expected a name that ends in .png or .svg.");
    }
    return end;
  }

  /// Draws those mixtures that have parts: a single one into the file itself, several into files beside it, numbered from 1
  /// before the ending.
  ///
  /// @return the files written
  public static List<Path> write(Path file, List<Mixture> mixtures) {
    String format = format(file);
    List<Mixture> drawn = mixtures.stream().filter(m -> m.weights().length > 0).toList();
    List<Path> written = new ArrayList<>();
    String name = String.valueOf(file.getFileName());
    String stem = name.substring(0, name.length() - format.length() - 1);
    for (int i = 0; i < drawn.size(); i++) {
      Path to = drawn.size() == 1 ? file : file.resolveSibling(stem + "-" + (i + 1) + "." + format);
      try {
        AtomicFiles.write(to, ChartEncoder.getBytes(chart(drawn.get(i)), format));
      } catch (IOException e) {
        throw StoreException.writing(to, e);
      }
      written.add(to);
    }
    return written;
  }

  private static CategoryChart chart(Mixture m) {
    int n = m.weights().length;
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(Math.max(LEAST_WIDTH, 120 + n * COLUMN))
            .height(HEIGHT)
            .title(m.name())
            .xAxisTitle(m.over().isEmpty() ? "" : String.join(", ", m.over()) + ", oldest first")
            .build();
    CategoryStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE);
    style.setLegendVisible(false);
    style.setXAxisLabelRotation(60);
    List<String> labels = new ArrayList<>(); // names may repeat, columns must not
    for (int i = 0; i < n; i++) {
      labels.add((i + 1) + ": " + m.parts().get(i));
    }
    chart.addSeries("weight", labels, Arrays.stream(m.weights()).boxed().toList());
    return chart;
  }
}
