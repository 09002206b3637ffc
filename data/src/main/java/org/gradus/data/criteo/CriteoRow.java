// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.util.Arrays;

/// A raw row, filled by [CriteoRows#next].
public final class CriteoRow {
  /// Number of integer columns.
  public static final int DENSE = 13;

  /// Number of token columns.
  public static final int SPARSE = 26;

  /// Number of the file that the row stands in, from 0.
  public int file;

  /// Number of the row among the well-formed rows of its file, from 0.
  public long number;

  /// 0 or 1, or -1 where it is not known.
  public int label;

  /// The integers; 0 where they are missing.
  public final int[] dense = new int[DENSE];

  /// Which integers are missing.
  public final boolean[] denseMissing = new boolean[DENSE];

  /// The tokens, 32 bits each; 0 where they are missing.
  public final int[] sparse = new int[SPARSE];

  /// Which tokens are missing.
  public final boolean[] sparseMissing = new boolean[SPARSE];

  /// The true probability of a label 1, or NaN where nobody knows it.
  public double probability = Double.NaN;

  /// A row of zeros.
  public CriteoRow() {}

  /// Forgets what the row held.
  public void clear() {
    file = 0;
    number = 0;
    label = -1;
    Arrays.fill(dense, 0);
    Arrays.fill(denseMissing, false);
    Arrays.fill(sparse, 0);
    Arrays.fill(sparseMissing, false);
    probability = Double.NaN;
  }

  /// The name of an integer column.
  public static String denseName(int i) {
    return "int_" + i;
  }

  /// The name of a token column.
  public static String sparseName(int i) {
    return "cat_" + i;
  }
}
