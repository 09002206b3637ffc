// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Per-example losses. Weighting, masking and averaging happen above.
public interface LossKernels {
  /// L = max(z, 0) − z·t + ln(1 + e^−|z|): cross-entropy of target t in [0, 1] from the logit (S-3).
  void crossEntropy(Buffer loss, Buffer logits, Buffer targets, int n);

  /// dz = dLoss · (σ(z) − t)
  void crossEntropyBackward(Buffer dLogits, Buffer dLoss, Buffer logits, Buffer targets, int n);
}
