// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.LossKernels;

/// Losses of single examples: `loss.cu`.
final class CudaLoss implements LossKernels {
  private final Launch launch;
  private final Kernel crossEntropy;
  private final Kernel crossEntropyBackward;

  CudaLoss(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("loss");
    crossEntropy = module.kernel("cross_entropy");
    crossEntropyBackward = module.kernel("cross_entropy_backward");
  }

  @Override
  public void crossEntropy(Buffer loss, Buffer logits, Buffer targets, int n) {
    launch.of(crossEntropy).buffer(loss).buffer(logits).buffer(targets).number(n).each(n);
  }

  @Override
  public void crossEntropyBackward(
      Buffer dLogits, Buffer dLoss, Buffer logits, Buffer targets, int n) {
    launch
        .of(crossEntropyBackward)
        .buffer(dLogits)
        .buffer(dLoss)
        .buffer(logits)
        .buffer(targets)
        .number(n)
        .each(n);
  }
}
