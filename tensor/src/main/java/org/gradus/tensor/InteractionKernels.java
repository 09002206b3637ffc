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

  /// z`[b, t]` = `[q, k, q − k, q ⊙ k]`, what a local activation unit sees of query q = `q[b]` and key k = `k[b, t]` (Zhou et
  /// al. 2018, DIN-1): z `[B, T, 4D]`, q `[B, D]`, k `[B, T, D]`.
  void facing(Buffer z, Buffer q, Buffer k, int batch, int steps, int width);

  /// With dz = `[z₀, z₁, z₂, z₃]` in quarters: dk = z₁ − z₂ + q ⊙ z₃, and dq = Σ_t (z₀ + z₂ + k ⊙ z₃), t rising.
  void facingBackward(
      Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer k, int batch, int steps, int width);

  /// y`[b]` = Σ_t w`[b, t]` x`[b, t]`, t rising (DIN-4): y `[B, D]`, w `[B, T]`, x `[B, T, D]`.
  void weightedSum(Buffer y, Buffer w, Buffer x, int batch, int steps, int width);

  /// dw`[b, t]` = ⟨dy`[b]`, x`[b, t]`⟩ and dx`[b, t]` = w`[b, t]` dy`[b]`.
  void weightedSumBackward(
      Buffer dw, Buffer dx, Buffer dy, Buffer w, Buffer x, int batch, int steps, int width);

  /// y = x₀ ⊙ z + x, a cross layer without what it multiplies by (Wang et al. 2021, DCN-2): x₀, x and y `[rows, N]`.
  ///
  /// @param z `[rows, N]`, or one number a row, `[rows]`, when `perRow` (Wang et al. 2017, DCN-1)
  void cross(Buffer y, Buffer x0, Buffer z, Buffer x, int rows, int width, boolean perRow);

  /// dx₀ = dy ⊙ z and dz = dy ⊙ x₀, summed over each row when `perRow`; dx is dy.
  void crossBackward(
      Buffer dx0, Buffer dz, Buffer dy, Buffer x0, Buffer z, int rows, int width, boolean perRow);
}
