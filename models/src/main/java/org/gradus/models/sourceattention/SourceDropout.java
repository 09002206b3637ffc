// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import org.gradus.autograd.Mode;
import org.gradus.tensor.Counter;

/// Leaves whole sources out in training, and never all of a node.
///
/// @param rate share left out
/// @param path that random numbers are drawn for
record SourceDropout(double rate, String path) {
  SourceDropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException(
          path + ": source dropout " + rate + ". Expected 0 ≤ sourceDropout < 1.");
    }
  }

  /// Those that stay: of a node that would lose all, one of them, drawn.
  ///
  /// @param present which sources a node has, row by row
  boolean[] of(boolean[] present, int rows, Mode mode) {
    if (rate == 0 || !mode.training()) {
      return present;
    }
    long key = mode.draw(path + "/sources");
    int n = present.length / rows;
    boolean[] kept = mode.tape().scope().booleans(present.length); // all are set below
    for (int b = 0; b < rows; b++) {
      int had = 0;
      int left = 0;
      for (int r = 0; r < n; r++) {
        int i = b * n + r;
        kept[i] = present[i] && Counter.uniform53(key, i) >= rate;
        had += present[i] ? 1 : 0;
        left += kept[i] ? 1 : 0;
      }
      if (left == 0 && had > 0) {
        long one = Counter.below(Counter.key(key, b), 0, had);
        for (int r = 0; r < n; r++) {
          int i = b * n + r;
          kept[i] = present[i] && one-- == 0;
        }
      }
    }
    return kept;
  }
}
