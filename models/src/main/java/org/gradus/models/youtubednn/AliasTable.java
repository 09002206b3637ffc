// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import org.gradus.tensor.Counter;

/// Draws from any distribution over n classes in O(1): a column, each as likely as the next, and then the column's own class or
/// its alias (Walker 1977; built in O(n) after Vose 1991).
final class AliasTable {
  private final double[] keep; // how likely a column is to mean its own class
  private final int[] alias;

  /// A table of probabilities, which add up to 1.
  AliasTable(double... p) {
    int n = p.length;
    keep = new double[n];
    alias = new int[n];
    int[] stack =
        new int[n]; // columns with less than their share from the left, with more from the right
    int small = 0;
    int large = n;
    for (int j = 0; j < n; j++) {
      keep[j] = p[j] * n;
      alias[j] = j;
      if (keep[j] < 1) {
        stack[small++] = j;
      } else {
        stack[--large] = j;
      }
    }
    while (small > 0 && large < n) {
      int poor = stack[--small];
      int rich = stack[large];
      alias[poor] = rich;
      keep[rich] -= 1 - keep[poor];
      if (keep[rich] < 1) {
        large++;
        stack[small++] = rich;
      }
    }
    while (small > 0) { // what rounding left
      keep[stack[--small]] = 1;
    }
    while (large < n) {
      keep[stack[large++]] = 1;
    }
  }

  /// The class at a position under a key.
  int draw(long key, long position) {
    int column = (int) Counter.below(key, 2 * position, keep.length);
    return Counter.uniform53(key, 2 * position + 1) < keep[column] ? column : alias[column];
  }

  /// What the table says about a class; for its test.
  double probability(int j) {
    double sum = 0;
    for (int column = 0; column < keep.length; column++) {
      sum += column == j ? keep[column] : 0;
      sum += alias[column] == j && column != j ? 1 - keep[column] : 0;
    }
    return sum / keep.length;
  }
}
