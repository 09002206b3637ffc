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
import org.knowm.xchart.HeatMapChart;
import org.knowm.xchart.HeatMapChartBuilder;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.HeatMapStyler;

/// Weights as pictures: a column for each part of a mixture. Mixtures of the same parts whose paths differ in their last word alone,
/// such as what each field of a head of self-attention asked for, share a picture, a line each, with their weights as colours.
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

  /// Draws those mixtures that have parts: one picture into the file itself, several into files beside it, numbered from 1 before
  /// the ending.
  ///
  /// @return the files written
  public static List<Path> write(Path file, List<Mixture> mixtures) {
    String format = format(file);
    List<List<Mixture>> drawn = together(mixtures);
    List<Path> written = new ArrayList<>();
    String name = String.valueOf(file.getFileName());
    String stem = name.substring(0, name.length() - format.length() - 1);
    for (int i = 0; i < drawn.size(); i++) {
      Path to = drawn.size() == 1 ? file : file.resolveSibling(stem + "-" + (i + 1) + "." + format);
      List<Mixture> some = drawn.get(i);
      try {
        byte[] bytes =
            some.size() == 1
                ? ChartEncoder.getBytes(columns(some.getFirst()), format)
                : ChartEncoder.getBytes(lines(some), format);
        AtomicFiles.write(to, bytes);
      } catch (IOException e) {
        throw StoreException.writing(to, e);
      }
      written.add(to);
    }
    return written;
  }

  /// The mixtures that have parts, those together that share a picture.
  static List<List<Mixture>> together(List<Mixture> mixtures) {
    List<List<Mixture>> all = new ArrayList<>();
    for (Mixture m : mixtures) {
      if (m.weights().length == 0) {
        continue;
      }
      Mixture before = all.isEmpty() ? null : all.getLast().getFirst();
      if (before != null
          && m.name().contains("/")
          && above(m).equals(above(before))
          && m.parts().equals(before.parts())) {
        all.getLast().add(m);
      } else {
        all.add(new ArrayList<>(List.of(m)));
      }
    }
    return all;
  }

  /// The path without its last word.
  private static String above(Mixture m) {
    return m.name().substring(0, Math.max(0, m.name().lastIndexOf('/')));
  }

  private static HeatMapChart lines(List<Mixture> mixtures) {
    Mixture first = mixtures.getFirst();
    int n = first.weights().length;
    HeatMapChart chart =
        new HeatMapChartBuilder()
            .width(Math.max(LEAST_WIDTH, 240 + n * COLUMN))
            .height(Math.max(HEIGHT, 200 + mixtures.size() * COLUMN))
            .title(above(first))
            .xAxisTitle(order(first))
            .build();
    HeatMapStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE);
    style.setRangeColors(new Color[] {Color.WHITE, new Color(8, 48, 107)});
    style.setXAxisLabelRotation(60);
    List<Number[]> cells = new ArrayList<>(); // column, line, weight
    List<String> asked = new ArrayList<>();
    double least = 0;
    double largest = 0;
    for (Mixture m : mixtures) {
      for (int i = 0; i < n; i++) {
        double w = m.weights()[i];
        cells.add(new Number[] {i, asked.size(), w});
        least = Math.min(least, w);
        largest = Math.max(largest, w);
      }
      asked.add((asked.size() + 1) + ": " + m.name().substring(m.name().lastIndexOf('/') + 1));
    }
    style.setMin(least).setMax(largest > least ? largest : 1);
    chart.addSeries("weight", labels(first), asked, cells);
    return chart;
  }

  private static CategoryChart columns(Mixture m) {
    int n = m.weights().length;
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(Math.max(LEAST_WIDTH, 120 + n * COLUMN))
            .height(HEIGHT)
            .title(m.name())
            .xAxisTitle(order(m))
            .build();
    CategoryStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE);
    style.setLegendVisible(false);
    style.setXAxisLabelRotation(60);
    chart.addSeries("weight", labels(m), Arrays.stream(m.weights()).boxed().toList());
    return chart;
  }

  private static String order(Mixture m) {
    return m.over().isEmpty() ? "" : String.join(", ", m.over()) + ", oldest first";
  }

  /// The parts with their numbers: names may repeat, columns must not.
  private static List<String> labels(Mixture m) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < m.parts().size(); i++) {
      labels.add((i + 1) + ": " + m.parts().get(i));
    }
    return labels;
  }
}
