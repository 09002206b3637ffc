// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.gbdtlr;

/// Trees, for whom only the leaf counts in which a row ends.
public interface LeafEncoder {
  /// T
  int trees();

  /// L_t, at least 1.
  int leaves(int tree);

  /// ℓ_t(x) of every tree, `[T]`, each from 0 to L_t − 1  (GL-1)
  ///
  /// @param row x, the numbers that trees read
  int[] leafOf(double[] row);
}
