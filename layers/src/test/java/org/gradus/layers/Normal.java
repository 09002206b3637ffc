// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

/// The normal law by its series, for tests.
final class Normal {
  private Normal() {}

  /// Φ(x) = ½ + φ(x) Σ_k x^{2k+1}/(1·3·5 ⋯ (2k+1)): every term has the sign of x, so that nothing cancels above 0.
  static double distribution(double x) {
    if (x < 0) {
      return 1 - distribution(-x);
    }
    double term = x;
    double sum = 0;
    for (int k = 1; term > 1e-18 * sum; k++) {
      sum += term;
      term *= x * x / (2 * k + 1);
    }
    return 0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  }
}
