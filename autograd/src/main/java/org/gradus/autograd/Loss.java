// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;

/// Per-example losses with a derivative of their own; the others are compositions.
final class Loss {
  private Loss() {}

  /// L = max(z, 0) − z·t + ln(1 + e^−|z|);  dz = dL · (σ(z) − t)
  static Var crossEntropyWithLogits(Var logits, Tensor targets) {
    Tape tape = logits.tape();
    Scope s = tape.scope();
    if (targets.kind() != Kind.REAL || !targets.shape().equals(logits.shape())) {
      throw new IllegalArgumentException(
          "crossEntropyWithLogits: targets "
              + targets.shape()
              + " of kind "
              + targets.kind()
              + " for logits "
              + logits.shape()
              + ". Expected targets of kind REAL and the shape of the logits.");
    }
    int n = logits.shape().elements();
    Tensor loss = s.real("crossEntropyWithLogits", logits.shape());
    tape.kernels().loss().crossEntropy(loss.buffer(), logits.value().buffer(), targets.buffer(), n);
    return tape.record(
        "crossEntropyWithLogits",
        loss,
        (dy, dx) -> {
          Tensor g = s.real("crossEntropyWithLogits", logits.shape());
          tape.kernels()
              .loss()
              .crossEntropyBackward(
                  g.buffer(), dy.buffer(), logits.value().buffer(), targets.buffer(), n);
          dx.give(0, g);
        },
        logits);
  }
}
