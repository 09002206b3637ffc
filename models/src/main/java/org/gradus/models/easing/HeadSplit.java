// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import org.gradus.autograd.Var;

/// How the elements of a node become attention heads. With D′ = D/H, head h, row i, column j of `[H, N, D′]` holds
///
/// ```
/// DECOUPLED   element i, column h D′ + j: view [N, H, D′], swap the first two axes             (EA-4)
/// COUPLED     chunk g = h N + i, which is element ⌊g / H⌋, column (g mod H) D′ + j: plain reshape
/// ```
///
/// Coupled, the elements are cut into H chunks each, and a head owns N chunks in reading order: where H divides N, whole elements, which
/// attend to nothing of other heads. Decoupled, every head sees a slice of the columns of all elements.
///
/// The way back must be the one that belongs to the way there: a decoupled head reshaped without swapping back mixes elements and columns
/// up, and no shape is wrong.
public enum HeadSplit {
  /// chunks in reading order: what the published code does
  COUPLED,
  /// columns of every element: what attention heads usually are
  DECOUPLED;

  /// x `[B, N, D]` → `[B, H, N, D′]`.
  ///
  /// @param heads H, a divisor of D
  Var split(Var x, int heads) {
    int b = x.size(0);
    int n = x.size(1);
    int width = x.size(2) / heads;
    return switch (this) {
      case COUPLED -> x.reshape(b, heads, n, width);
      case DECOUPLED -> x.reshape(b, n, heads, width).permute(0, 2, 1, 3);
    };
  }

  /// x `[B, H, N, D′]` → `[B, N, D]`, the inverse of [#split].
  Var merge(Var x) {
    int b = x.size(0);
    int heads = x.size(1);
    int n = x.size(2);
    int width = x.size(3);
    return switch (this) {
      case COUPLED -> x.reshape(b, n, heads * width);
      case DECOUPLED -> x.permute(0, 2, 1, 3).reshape(b, n, heads * width);
    };
  }
}
