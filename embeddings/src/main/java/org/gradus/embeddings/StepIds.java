// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Scope;

/// The real steps of a batch of histories, on the host: of each column the ids, row after row, oldest first. A step whose ids are
/// all 0 is padding, wherever it stands, and is not here. They live as long as the step.
///
/// @param ends `[B + 1]`: row b has the steps `ends[b] … ends[b + 1]`, numbered over the whole batch from 0
/// @param values by column; arrays may be shared with the batch, and are not to be changed
/// @param from by column: where its first step stands in its array
public record StepIds(int[] ends, int[][] values, int[] from) {

  /// The steps of sequences that are columns of one history.
  ///
  /// @throws IllegalArgumentException when the columns have different lengths
  public static StepIds of(KeyedJaggedTensor ids, List<String> columns, Scope scope) {
    int[][] values = new int[columns.size()][];
    int[] from = new int[columns.size()];
    int[] ends = ends(ids, columns.getFirst(), scope);
    for (int c = 0; c < values.length; c++) {
      if (c > 0 && !Arrays.equals(ends, ends(ids, columns.get(c), scope))) {
        throw new IllegalArgumentException(
            "history: sequences "
                + columns.getFirst()
                + " and "
                + columns.get(c)
                + " of one history have different lengths. Expected columns of the same steps.");
      }
      values[c] = ids.values();
      from[c] = ids.offsets()[ids.index(columns.get(c)) * ids.stride()];
    }
    StepIds all = new StepIds(ends, values, from);
    int padding = 0;
    for (int i = 0; i < all.count(); i++) {
      padding += all.padding(i) ? 1 : 0;
    }
    return padding == 0 ? all : all.without(padding, scope);
  }

  /// Where each list of a sequence ends, counted from the first one's start.
  private static int[] ends(KeyedJaggedTensor ids, String name, Scope scope) {
    int first = ids.index(name) * ids.stride();
    int[] ends = scope.ints(ids.stride() + 1);
    for (int b = 0; b < ends.length; b++) {
      ends[b] = ids.offsets()[first + b] - ids.offsets()[first];
    }
    return ends;
  }

  private boolean padding(int step) {
    for (int c = 0; c < values.length; c++) {
      if (id(c, step) != 0) {
        return false;
      }
    }
    return true;
  }

  /// The same without its padding, of which there is some.
  private StepIds without(int padding, Scope scope) {
    int[][] kept = new int[values.length][];
    Arrays.setAll(kept, _ -> scope.ints(count() - padding));
    int[] keptEnds = scope.ints(ends.length);
    int at = 0;
    for (int b = 0; b < rows(); b++) {
      for (int i = ends[b]; i < ends[b + 1]; i++) {
        if (!padding(i)) {
          for (int c = 0; c < kept.length; c++) {
            kept[c][at] = id(c, i);
          }
          at++;
        }
      }
      keptEnds[b + 1] = at;
    }
    return new StepIds(keptEnds, kept, new int[values.length]);
  }

  /// The id of a step.
  ///
  /// @param column number of the column
  /// @param step counted over the whole batch
  public int id(int column, int step) {
    return values[column][from[column] + step];
  }

  /// B, the number of rows.
  public int rows() {
    return ends.length - 1;
  }

  /// N, the number of steps of all rows.
  public int count() {
    return ends[ends.length - 1];
  }

  /// The number of steps of a row.
  public int length(int row) {
    return ends[row + 1] - ends[row];
  }

  /// The steps of the longest row.
  public int longest() {
    int longest = 0;
    for (int b = 0; b < rows(); b++) {
      longest = Math.max(longest, length(b));
    }
    return longest;
  }
}
