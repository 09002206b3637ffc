// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import org.gradus.autograd.Var;
import org.gradus.tensor.Tensor;

/// Cross-entropy against a target that is not quite certain (Szegedy et al. 2016): a share ε of the probability goes to other
/// classes.
///
/// ```
/// ln p = o − logsumexp(o)                                    (LS-1)
/// q_k  = (1 − ε) [k = y] + ε π_k                             (LS-2)
/// ℓ    = −Σ_k q_k ln p_k                                     (LS-3)
/// ```
///
/// Its gradient is p − q. ℓ is never below the entropy of q, so it is no measure of how good a model is: the plain cross-entropy,
/// ε = 0, is.
///
/// @param kind where the share goes
/// @param epsilon ε
/// @param padding the class that no target has
public record LabelSmoothing(Kind kind, double epsilon, int padding) {
  /// Where the share ε goes.
  public enum Kind {
    /// to all V classes alike, y among them: y has 1 − ε + ε/V
    UNIFORM_ALL,
    /// to the V − 1 others alike: y has 1 − ε
    OTHERS,
    /// to the V − 2 others but padding, which has 0
    OTHERS_NO_PAD
  }

  /// Checks the range.
  public LabelSmoothing {
    if (!(epsilon >= 0 && epsilon < 1)) {
      throw new IllegalArgumentException(
          "label smoothing: " + epsilon + ". Expected a share from 0 to less than 1.");
    }
  }

  /// The same with certain targets: cross-entropy.
  public LabelSmoothing off() {
    return new LabelSmoothing(kind, 0, padding);
  }

  /// How much of q every one of the classes has that share ε.
  private double share(int classes) {
    int sharing =
        switch (kind) {
          case UNIFORM_ALL -> classes;
          case OTHERS -> classes - 1;
          case OTHERS_NO_PAD -> classes - 2;
        };
    if (sharing < 1) {
      throw new IllegalArgumentException(
          "label smoothing: " + classes + " classes with " + kind + ". Expected at least 3.");
    }
    return epsilon / sharing;
  }

  /// ℓ `[rows]`.
  ///
  /// @param logits o `[rows, V]`
  /// @param targets y `[rows]` `INT`; the loss of a row whose target is padding means nothing
  public Var losses(Var logits, Tensor targets) {
    Var logP = logits.logSoftmax(); //                           [rows, V]  (LS-1)
    Var target = logP.pick(targets); //                          [rows]
    if (epsilon == 0) {
      return target.negate();
    }
    double share = share(logits.size(1));
    double certain = kind == Kind.UNIFORM_ALL ? 1 - epsilon : 1 - epsilon - share;
    Var all = logP.sum(1); //                                    [rows]
    Var sharing = kind == Kind.OTHERS_NO_PAD ? all.subtract(logP.index(1, padding)) : all;
    return target.multiply(certain).add(sharing.multiply(share)).negate(); // (LS-2), (LS-3)
  }

  /// The entropy of q: the least that ℓ can be.
  ///
  /// @param classes V
  public double floor(int classes) {
    double share = share(classes);
    double target = kind == Kind.UNIFORM_ALL ? 1 - epsilon + share : 1 - epsilon;
    int others = kind == Kind.OTHERS_NO_PAD ? classes - 2 : classes - 1;
    return -target * StrictMath.log(target)
        - (share == 0 ? 0 : others * share * StrictMath.log(share));
  }
}
