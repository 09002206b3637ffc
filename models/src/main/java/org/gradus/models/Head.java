// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.autograd.Var;

/// One prediction per example, and the scale that it is on. Every part is `[B]`.
public sealed interface Head {
  /// What ranks the examples: rises with the predicted probability or value.
  Var score();

  /// z, where the probability is σ(z). The sigmoid is applied once, in the loss.
  record Logit(Var z) implements Head {
    /// Checks the shape.
    public Logit {
      check("logit", z);
    }

    @Override
    public Var score() {
      return z;
    }
  }

  /// ln p and ln(1 − p), for models whose probability is no sigmoid of a sum (LS-PLM, ESMM).
  record LogProbability(Var logP, Var logNotP) implements Head {
    /// Checks the shapes.
    public LogProbability {
      check("log probability", logP);
      check("log probability", logNotP);
    }

    /// The logit ln p − ln(1 − p).
    @Override
    public Var score() {
      return logP.subtract(logNotP);
    }
  }

  /// A real number, for regression.
  record Value(Var value) implements Head {
    /// Checks the shape.
    public Value {
      check("value", value);
    }

    @Override
    public Var score() {
      return value;
    }
  }

  private static void check(String what, Var v) {
    if (v.shape().rank() != 1) {
      throw new IllegalArgumentException(
          what
              + ": shape "
              + v.shape()
              + ". Expected [B]; squeeze(1) drops a last axis of size 1.");
    }
  }
}
