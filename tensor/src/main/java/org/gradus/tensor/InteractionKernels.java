// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// Fused interactions of field embeddings `[B, F, D]`. Each equals a composition of other kernels, and a test says so.
public interface InteractionKernels {
  /// y`[b]` = ½ Σ_d ((Σ_f e)² − Σ_f e²): the sum of the inner products of all pairs (Rendle 2010, FM-2).
  /// `sums [B, D]` keeps Σ_f e for the derivative.
  void pairwise(Buffer y, Buffer sums, Buffer e, int batch, int fields, int width);

  /// de = dy · (sums − e)
  void pairwiseBackward(
      Buffer de, Buffer dy, Buffer sums, Buffer e, int batch, int fields, int width);

  /// The F vectors of every example, in one buffer or in two.
  ///
  /// @param first `[B, D]`, the first vector of each; null when `rest` has all
  /// @param rest `[B, F − 1, D]`, the others, or `[B, F, D]`
  record Vectors(@Nullable Buffer first, Buffer rest) {
    /// All in one buffer, `[B, F, D]`.
    public static Vectors of(Buffer e) {
      return new Vectors(null, e);
    }
  }

  /// The inner products of all pairs of the F vectors, packed: y `[B, P]`. Pairs are the strict upper triangle
  /// row by row, (0,1), (0,2), …, or the lower one, (1,0), (2,0), (2,1), …; with the diagonal when `self` (DLRM, DI-2).
  void dots(Buffer y, Vectors e, int batch, int fields, int width, boolean lower, boolean self);

  /// de = G e, with G the symmetric matrix of dy, its diagonal 2 dy where `self` (DLRM, DI-4). de is in two buffers
  /// where e is.
  void dotsBackward(
      Vectors de,
      Buffer dy,
      Vectors e,
      int batch,
      int fields,
      int width,
      boolean lower,
      boolean self);
}
