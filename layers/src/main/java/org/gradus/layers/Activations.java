// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;

/// Activations by name, where they are not fused with a layer.
public final class Activations {
  private Activations() {}

  /// act(x)
  public static Var apply(Activation activation, Var x) {
    return switch (activation) {
      case IDENTITY -> x;
      case RELU -> x.relu();
      case SIGMOID -> x.sigmoid();
      case TANH -> x.tanh();
    };
  }
}
