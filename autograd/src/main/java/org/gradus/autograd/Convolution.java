// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Shape;

/// Convolution along time, composed: windows of the input times the filter as a matrix.
final class Convolution {
  private Convolution() {}

  /// y[b, t, f] = Σ_{i,c} x[b, t·stride + i − left, c] · w[i, c, f], x being 0 outside
  static Var conv1d(Var x, Var filter, int stride, boolean same) {
    if (x.shape().rank() != 3
        || filter.shape().rank() != 3
        || x.size(2) != filter.size(1)
        || stride < 1) {
      throw new IllegalArgumentException(
          "conv1d: x "
              + x.shape()
              + ", filter "
              + filter.shape()
              + ", stride "
              + stride
              + ". Expected x [B, T, C], filter [k, C, F], stride of at least 1.");
    }
    int t = x.size(1);
    int k = filter.size(0);
    if (k < 1 || (!same && t < k)) {
      throw new IllegalArgumentException(
          "conv1d: a filter of length "
              + k
              + " over "
              + t
              + " positions. Expected a filter of 1 to "
              + t
              + " positions, or same = true.");
    }
    int count = same ? (t + stride - 1) / stride : (t - k) / stride + 1;
    int missing = same ? Math.max(0, (count - 1) * stride + k - t) : 0;
    Var windows = Layout.windows(padded(x, missing), k, stride, count); // [B, T′, k·C]
    Var w = filter.reshape(k * filter.size(1), filter.size(2)); //         [k·C, F]
    return windows.matmul(w); //                                           [B, T′, F]
  }

  /// Zeros on both sides of time; the odd one goes behind.
  private static Var padded(Var x, int missing) {
    if (missing == 0) {
      return x;
    }
    Var before = zeros(x, missing / 2);
    Var behind = zeros(x, missing - missing / 2);
    return Layout.concat(1, List.of(before, x, behind));
  }

  private static Var zeros(Var x, int length) {
    Tape tape = x.tape();
    Shape shape = x.shape().with(1, length);
    return tape.constant(Layout.zeros(tape.scope(), "conv1d", shape));
  }
}
