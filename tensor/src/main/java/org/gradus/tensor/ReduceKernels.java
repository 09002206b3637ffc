// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Reductions over the middle axis of `[outer, n, inner]`, giving `[outer, inner]`.
public interface ReduceKernels {
  /// y = scale · Σ x; with scale 1/n the mean. An empty sum is 0.
  void sum(Buffer y, Buffer x, int outer, int n, int inner, double scale);

  /// y = max x, and where: `argmax` gets the first place of the maximum. n is at least 1.
  void max(Buffer y, Buffer argmax, Buffer x, int outer, int n, int inner);

  /// dx = dy at the place of the maximum, 0 elsewhere.
  void maxBackward(Buffer dx, Buffer dy, Buffer argmax, int outer, int n, int inner);

  /// Σ x² over n values, as one number on the host; for norms and penalties.
  double sumOfSquares(Buffer x, int n);

  /// Σ |x| over n values, as one number on the host.
  double sumOfMagnitudes(Buffer x, int n);

  /// Place of the first value that is NaN or infinite, or −1.
  int firstNonFinite(Buffer x, int n);
}
