// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Var;

/// −ln of a normal density, but for a constant: the squared error of a model that says how sure it is (Nix, Weigend 1994; Kendall, Gal,
/// NIPS 2017, [arXiv:1703.04977](https://arxiv.org/abs/1703.04977)).
///
/// ```
/// ℓ = ½ e^−ν (y − μ)² + ½ ν       ν = ln σ²       (NL-1)
/// ```
///
/// At a given error it is least at ν = ln (y − μ)², and may be negative. With ν = 0 it is half the squared error.
public final class NormalLoss {
  private NormalLoss() {}

  /// ℓ, number by number.
  ///
  /// @param mean μ
  /// @param logVariance ν, of the same shape
  /// @param target y, of the same shape
  public static Var of(Var mean, Var logVariance, Var target) {
    return weighted(target.subtract(mean), logVariance).add(logVariance.multiply(0.5)); // (NL-1)
  }

  /// ½ e^−ν e²: the term in which the variance is a weight.
  public static Var weighted(Var error, Var logVariance) {
    return logVariance.negate().exp().multiply(error.square()).multiply(0.5);
  }
}
