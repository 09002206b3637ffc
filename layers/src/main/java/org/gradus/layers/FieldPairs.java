// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

/// The P = F(F − 1)/2 pairs i < j of F fields, counted from 0, in the order (0,1), (0,2), …, (1,2), …: the places at which to gather
/// both sides of the products of all pairs.
///
/// @param left i of each pair, `[P]`
/// @param right j of each pair, `[P]`
public record FieldPairs(int[] left, int[] right) {
  /// The pairs of F fields; none of fewer than two.
  ///
  /// @param fields F
  public static FieldPairs of(int fields) {
    int[] left = new int[fields * (fields - 1) / 2];
    int[] right = new int[left.length];
    int p = 0;
    for (int i = 0; i < fields; i++) {
      for (int j = i + 1; j < fields; j++) {
        left[p] = i;
        right[p++] = j;
      }
    }
    return new FieldPairs(left, right);
  }

  /// P
  public int count() {
    return left.length;
  }
}
