// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.gradus.trainer.store.StoreException;

/// Which tensor of a file is which parameter: a text file with a line for each.
///
/// ```
/// # theirs                  ours             how          text after a hash is a comment
/// mlp.0.weight              deep/0/weight    transposed   […, out, in] there, […, in, out] here
/// mlp.0.bias                deep/0/bias
/// user_embedding.weight     v/user                        [rows, width] on both sides
/// mlp.1.num_batches_tracked -                             of no use here
/// -                         bias                          keeps its initial value
/// ```
///
/// @param lines in the order of the file
public record WeightMap(List<Line> lines) {
  /// Stands for nothing, on either side.
  private static final String NOTHING = "-";

  private static final String TRANSPOSED = "transposed";

  /// Checks that every tensor and every parameter stands there once.
  public WeightMap {
    lines = List.copyOf(lines);
    Set<String> theirs = new HashSet<>();
    Set<String> ours = new HashSet<>();
    for (Line line : lines) {
      if (line.theirs.equals(NOTHING) && line.ours.equals(NOTHING)) {
        throw new IllegalArgumentException("weights: a line maps nothing to nothing.");
      }
      if (!line.theirs.equals(NOTHING) && !theirs.add(line.theirs)) {
        throw twice("tensor", line.theirs);
      }
      if (!line.ours.equals(NOTHING) && !ours.add(line.ours)) {
        throw twice("parameter", line.ours);
      }
    }
  }

  private static IllegalArgumentException twice(String what, String name) {
    return new IllegalArgumentException(
        "weights: " + what + " " + name + " stands in two lines. Expected it once.");
  }

  /// A tensor and a parameter.
  ///
  /// @param theirs name of the tensor in the file, or `-`
  /// @param ours path of the parameter, or `-`
  /// @param transposed whether rows there are columns here, in each matrix of a stack
  public record Line(String theirs, String ours, boolean transposed) {
    /// Whether the tensor is of no use here.
    boolean unused() {
      return ours.equals(NOTHING);
    }

    /// Whether the parameter keeps its initial value.
    boolean initial() {
      return theirs.equals(NOTHING);
    }

    @Override
    public String toString() {
      return theirs + " → " + ours + (transposed ? ", transposed" : "");
    }
  }

  /// Reads a mapping file.
  public static WeightMap read(Path file) {
    try {
      return parse(file, Files.readString(file));
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  /// The map of a text.
  ///
  /// @param file for messages
  public static WeightMap parse(Path file, String text) {
    List<Line> lines = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      int comment = line.indexOf('#');
      List<String> words =
          Arrays.stream((comment < 0 ? line : line.substring(0, comment)).strip().split("\\s+", -1))
              .filter(w -> !w.isEmpty())
              .toList();
      if (words.isEmpty()) {
        continue;
      }
      boolean transposed = words.size() == 3 && words.get(2).equals(TRANSPOSED);
      if (words.size() != 2 && !transposed) {
        throw new IllegalArgumentException(
            file
                + ":"
                + number
                + ": \""
                + line.strip()
                + "\". Expected the name of a tensor, the path of a parameter, and possibly the"
                + " word "
                + TRANSPOSED
                + "; - stands for neither.");
      }
      lines.add(new Line(words.get(0), words.get(1), transposed));
    }
    try {
      return new WeightMap(lines);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /// The map as a text that [#parse] reads.
  public String text() {
    int wide = lines.stream().mapToInt(l -> l.theirs.length()).max().orElse(0);
    int next = lines.stream().mapToInt(l -> l.ours.length()).max().orElse(0);
    StringBuilder s = new StringBuilder();
    String format = "%-" + Math.max(1, wide) + "s  %-" + Math.max(1, next) + "s  %s";
    for (Line l : lines) {
      s.append(
              String.format(Locale.ROOT, format, l.theirs, l.ours, l.transposed ? TRANSPOSED : "")
                  .stripTrailing())
          .append('\n');
    }
    return s.toString();
  }
}
