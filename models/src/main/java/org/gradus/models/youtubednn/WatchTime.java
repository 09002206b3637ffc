// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Logistic regression whose positives are weighted by how long they were watched: the odds it learns are the expected watch time of
/// an impression.
///
/// ```
/// ℓ = y T softplus(−z) + (1 − y) softplus(z)      PAPER: odds Σ T/(N − k), N impressions, k clicks     (YR-4)
/// ℓ = y T softplus(−z) + softplus(z)              EXACT: odds Σ T/N                                    (YR-5)
/// T̂ = e^z                                                                                             (YR-6)
/// ```
///
/// The first is close to what is expected, times 1 plus the click rate, while clicks are rare.
///
/// @param weighting which of the two
/// @param normalise what the sum over a batch is divided by
/// @param cap the longest time that counts, 0 for any
/// @param maxLogit bound of z before the exponential
record WatchTime(Weighting weighting, Normalise normalise, double cap, double maxLogit) {
  /// What a positive adds besides its watch time.
  enum Weighting {
    /// nothing
    PAPER,
    /// a negative of weight 1
    EXACT
  }

  /// What the sum over a batch is divided by.
  enum Normalise {
    /// the number of impressions
    MEAN_OVER_N,
    /// the weights
    MEAN_OVER_WEIGHT
  }

  /// The loss of a batch, a scalar.
  ///
  /// @param z logits, `[B]`
  /// @param y clicks, 0 or 1
  /// @param times T of the clicks, or null for 1
  /// @param mask 1 where a click or none was observed, or null for everywhere
  Var loss(Var z, float[] y, float @Nullable [] times, float @Nullable [] mask) {
    int n = y.length;
    double[] positive = z.tape().scope().doubles(n);
    double[] negative = z.tape().scope().doubles(n);
    double weights = 0;
    double observed = 0;
    for (int b = 0; b < n; b++) {
      double m = mask == null ? 1 : mask[b];
      double t = times == null || y[b] == 0 ? 1 : times[b]; // beside no click it is not read
      if (m != 0 && ((y[b] != 0 && y[b] != 1) || !(t >= 0 && t < Double.POSITIVE_INFINITY))) {
        throw new IllegalArgumentException(
            "youtube-ranking: example "
                + b
                + " has label "
                + y[b]
                + " and watch time "
                + t
                + ". Expected 0 or 1, and a time of at least 0 as its weight.");
      }
      if (m != 0) {
        positive[b] = y[b] == 0 ? 0 : cap > 0 ? Math.min(t, cap) : t;
        negative[b] = y[b] == 0 || weighting == Weighting.EXACT ? 1 : 0;
        weights += positive[b] + negative[b];
        observed++;
      }
    }
    double by = normalise == Normalise.MEAN_OVER_N ? observed : weights;
    for (int b = 0; b < n && by > 0; b++) {
      positive[b] /= by;
      negative[b] /= by;
    }
    Tape tape = z.tape();
    Var won = z.negate().softplus().multiply(tape.constant(Shape.of(n), positive)); // [B]
    Var lost = z.softplus().multiply(tape.constant(Shape.of(n), negative)); //         [B]
    return won.add(lost)
        .sum(); //                                                     []  (YR-4), (YR-5)
  }

  /// T̂ of a logit, in the unit of the weights  (YR-6)
  double expected(double z) {
    return StrictMath.exp(Math.min(z, maxLogit)); // (YR-6)
  }
}
