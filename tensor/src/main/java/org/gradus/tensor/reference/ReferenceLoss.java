// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.LossKernels;
import org.gradus.tensor.host.Doubles;

/// Per-example losses.
final class ReferenceLoss implements LossKernels {
  @Override
  public void crossEntropy(Buffer lossb, Buffer logitsb, Buffer targetsb, int n) {
    double[] loss = Doubles.of(lossb);
    double[] z = Doubles.of(logitsb);
    double[] t = Doubles.of(targetsb);
    for (int i = 0; i < n; i++) {
      loss[i] =
          Math.max(z[i], 0)
              - z[i] * t[i]
              + StrictMath.log1p(StrictMath.exp(-Math.abs(z[i]))); // (S-3)
    }
  }

  @Override
  public void crossEntropyBackward(
      Buffer dLogitsb, Buffer dLossb, Buffer logitsb, Buffer targetsb, int n) {
    double[] dLogits = Doubles.of(dLogitsb);
    double[] dLoss = Doubles.of(dLossb);
    double[] z = Doubles.of(logitsb);
    double[] t = Doubles.of(targetsb);
    for (int i = 0; i < n; i++) {
      dLogits[i] = dLoss[i] * (ReferenceElementwise.sigmoid(z[i]) - t[i]);
    }
  }
}
