// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// Normalised exponentials over the last axis of `[rows, n]`.
///
/// A mask leaves entries out of the maximum and of the sum. A row with no entry left gives zeros, never
/// NaN, and passes no gradient.
public interface SoftmaxKernels {
  /// yⱼ = mⱼ e^(xⱼ−c) / Σₖ mₖ e^(xₖ−c), c the largest unmasked x.
  void softmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n);

  /// dxⱼ = yⱼ (dyⱼ − Σₖ yₖ dyₖ)
  void softmaxBackward(Buffer dx, Buffer dy, Buffer y, int rows, int n);

  /// yⱼ = xⱼ − ln Σₖ mₖ e^xₖ where unmasked, 0 where masked.
  void logSoftmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n);

  /// dxⱼ = mⱼ (dyⱼ − e^yⱼ Σₖ mₖ dyₖ)
  void logSoftmaxBackward(Buffer dx, Buffer dy, Buffer y, @Nullable Buffer mask, int rows, int n);

  /// y = ln Σₖ mₖ e^xₖ per row, `[rows]`; 0 for a row with no entry.
  void logSumExp(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n);

  /// dxⱼ = mⱼ e^(xⱼ−y) dy
  void logSumExpBackward(
      Buffer dx, Buffer dy, Buffer x, Buffer y, @Nullable Buffer mask, int rows, int n);
}
