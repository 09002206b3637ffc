// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import java.util.List;
import org.gradus.autograd.Var;
import org.gradus.models.Head.LogProbability;

/// Probabilities of what follows from what, as logarithms. Each is a sum over ways in which something happens, or does not, and each way a
/// product of σ and 1 − σ: so no number is subtracted from another, and none underflows.
final class Funnel {
  private Funnel() {}

  /// ln σ(a)
  private static Var yes(Var a) {
    return a.logSigmoid();
  }

  /// ln (1 − σ(a))
  private static Var no(Var a) {
    return a.negate().logSigmoid();
  }

  /// ln Σ e^way
  private static Var either(Var... ways) {
    return Var.stack(1, List.of(ways)).logSumExp();
  }

  /// p = σ(a)
  static LogProbability one(Var a) {
    return new LogProbability(yes(a), no(a));
  }

  /// p = σ(a) σ(b)
  static LogProbability both(Var a, Var b) {
    Var logP = yes(a).add(yes(b)); //                    [B]  (ES-3)
    Var logNotP = either(no(a), yes(a).add(no(b))); //   [B]  (ES-4)
    return new LogProbability(logP, logNotP);
  }

  /// p = σ(b) σ(c) + (1 − σ(b)) σ(d)
  static LogProbability through(Var b, Var c, Var d) {
    return new LogProbability(
        either(yes(b).add(yes(c)), no(b).add(yes(d))), either(yes(b).add(no(c)), no(b).add(no(d))));
  }

  /// p = σ(a) q, of a probability q
  static LogProbability after(Var a, LogProbability q) {
    return new LogProbability(yes(a).add(q.logP()), either(no(a), yes(a).add(q.logNotP())));
  }

  /// The same probability, from which nothing is learned.
  static LogProbability measured(LogProbability p) {
    return new LogProbability(p.logP().stopGradient(), p.logNotP().stopGradient());
  }
}
