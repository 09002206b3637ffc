// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.Var;

/// Pairwise dot products of vectors, behind the first of them (Naumov et al., arXiv:1906.00091):
///
/// ```
/// T = [d; s₀; …; s_{F−1}]                                    (DI-1)
/// Z = T Tᵀ,  f = (Z_ij), i < j                               (DI-2)
/// Y = [d; f]                                                 (DI-3)
/// ```
public final class DotInteraction {
  private final Order order;
  private final boolean includeSelf;

  /// In which order the pairs stand.
  public enum Order {
    /// (0,1), (0,2), …, (1,2), …
    UPPER_ROW_MAJOR,
    /// (1,0), (2,0), (2,1), (3,0), …: the original script
    LOWER_ROW_MAJOR
  }

  /// An interaction without parameters.
  ///
  /// @param order the same numbers in different places: a tower trained with one cannot be used with the other
  /// @param includeSelf whether ⟨T_i, T_i⟩ belongs to f
  public DotInteraction(Order order, boolean includeSelf) {
    this.order = order;
    this.includeSelf = includeSelf;
  }

  /// `d [B, D]` and `s [B, F, D]` → Y `[B, D + pairs]`.
  public Var forward(Var d, Var s) {
    Var f = s.dots(d, order == Order.LOWER_ROW_MAJOR, includeSelf); // [B, pairs]  (DI-1, DI-2)
    return Var.concat(1, List.of(d, f)); //                            [B, D + pairs]  (DI-3)
  }

  /// `t [B, F, D]` → f `[B, pairs]`.
  public Var pairs(Var t) {
    return t.dots(order == Order.LOWER_ROW_MAJOR, includeSelf); // (DI-2)
  }

  /// Number of pairs of so many vectors.
  public int pairs(int vectors) {
    return vectors * (vectors + (includeSelf ? 1 : -1)) / 2;
  }
}
