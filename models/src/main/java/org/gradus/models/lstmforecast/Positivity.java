// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import org.gradus.autograd.Mode;
import org.gradus.autograd.Var;

/// φ: from any real number to a forecast. All but [#LINEAR] keep to the fact that power, or a count, is never negative.
///
/// ```
/// LINEAR z     RELU max(0, z)     SOFTPLUS ln(1 + eᶻ)     EXP e^min(z, 20)     CLAMP max(0, z), in evaluation only
/// ```
///
/// They need targets on a scale where 0 is 0: divided by a number, not centred. Their biases begin where φ is the mean of the
/// targets, so that no unit starts dead and the first step does not go into finding the level.
public enum Positivity {
  /// z, for targets of both signs
  LINEAR,
  /// max(0, z): exact zeros, and no gradient where z < 0
  RELU,
  /// ln(1 + eᶻ): above 0, with gradient σ(z)
  SOFTPLUS,
  /// e^min(z, 20): grows by factors
  EXP,
  /// z in training, max(0, z) in evaluation: hides an error of the model, whose share of zeros says how often
  CLAMP;

  /// Above this z, [#EXP] no longer grows.
  static final double MOST = 20;

  /// φ(z), of any shape.
  Var of(Var z, Mode mode) {
    return switch (this) {
      case LINEAR -> z;
      case RELU -> z.relu();
      case SOFTPLUS -> z.softplus();
      case EXP -> z.clip(Double.NEGATIVE_INFINITY, MOST).exp();
      case CLAMP -> mode.training() ? z : z.relu();
    };
  }

  /// What a bias begins with when the targets have this mean: φ of it is the mean, but 0 where φ is linear, as layers have it.
  double bias(double mean) {
    boolean above = this == SOFTPLUS || this == EXP;
    if (above && !(mean > 0)) {
      throw new IllegalArgumentException(
          "lstm-forecast: head "
              + this
              + " with a mean of "
              + mean
              + ". Expected a mean of the targets above 0, or another head.");
    }
    return switch (this) {
      case LINEAR, CLAMP -> 0;
      case RELU -> mean;
      case SOFTPLUS -> mean + StrictMath.log(-StrictMath.expm1(-mean)); // ln(e^m − 1)
      case EXP -> StrictMath.log(mean);
    };
  }
}
