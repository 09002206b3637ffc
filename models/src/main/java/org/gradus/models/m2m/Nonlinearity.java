// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import org.gradus.autograd.Var;

/// σ, of every layer.
///
/// @param kind which
/// @param slope of [Kind#LEAKY_RELU] below 0; with 1 it is the identity
public record Nonlinearity(Kind kind, double slope) {
  /// With the slope of one framework; others have 0.2.
  public static final Nonlinearity LEAKY = new Nonlinearity(Kind.LEAKY_RELU, 0.01);

  /// Which function.
  public enum Kind {
    /// x above 0, slope · x below
    LEAKY_RELU,
    /// max(x, 0)
    RELU,
    /// tanh x
    TANH
  }

  /// σ(x)
  Var of(Var x) {
    return switch (kind) {
      case LEAKY_RELU -> x.leakyRelu(slope);
      case RELU -> x.relu();
      case TANH -> x.tanh();
    };
  }
}
