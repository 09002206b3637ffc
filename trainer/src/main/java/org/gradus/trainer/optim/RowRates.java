// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

/// A rate of its own for every row of a matrix: rows that have been moving much go slower, rows that begin to move go faster.
///
/// ```
/// I_k ← ρ I_k + (1 − ρ) ‖g_k‖,   Î_k = I_k / (1 − ρᵗ)
/// κ_k = clip(√(mean(Î) / (Î_k + ε)), least, most)                                    (RR-1)
/// w_k ← w_k + κ_k (what the rule adds)
/// ```
///
/// g_k is the gradient of row k, penalty and clipping included. Rows that are alike have κ = 1: the rule itself. An addition for
/// proxies that are parameters, not from a paper; a vector is one row, whose κ is 1. Computed on the host, for small matrices.
///
/// @param decay ρ
/// @param least of κ
/// @param most of κ
public record RowRates(double decay, double least, double most) {
  /// A hundred steps of memory, rates from a tenth to ten times.
  public static final RowRates DEFAULT = new RowRates(0.99, 0.1, 10);

  private static final double EPSILON = 1e-12;

  /// Checks the ranges.
  public RowRates {
    if (!(decay >= 0 && decay < 1) || !(least > 0 && least <= 1) || !(most >= 1)) {
      throw new IllegalArgumentException(
          "optimiser: row rates with decay "
              + decay
              + " between "
              + least
              + " and "
              + most
              + ". Expected a decay in [0, 1), and 1 in between.");
    }
  }

  /// κ of each row.
  ///
  /// @param importance Î of each
  double[] factors(double[] importance) {
    double mean = 0;
    for (double i : importance) {
      mean += i / importance.length;
    }
    double[] kappa = new double[importance.length];
    for (int k = 0; k < kappa.length; k++) {
      double ratio = mean == 0 ? 1 : mean / (importance[k] + EPSILON); // nobody has moved
      kappa[k] = Math.min(most, Math.max(least, Math.sqrt(ratio))); // (RR-1)
    }
    return kappa;
  }

  /// I after a step.
  ///
  /// @param importance I, changed
  /// @param gradient row by row
  void update(double[] importance, double[] gradient) {
    int width = gradient.length / importance.length;
    for (int k = 0; k < importance.length; k++) {
      double squares = 0;
      for (int i = k * width; i < (k + 1) * width; i++) {
        squares += gradient[i] * gradient[i];
      }
      importance[k] = decay * importance[k] + (1 - decay) * Math.sqrt(squares);
    }
  }
}
