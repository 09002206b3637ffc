// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// A fully connected layer: y = act(x W + b).
public final class Linear {
  private final DenseParameter weight; // [in, out]
  private final DenseParameter bias; //   [out]
  private final Activation activation;

  /// `weight [in, out]` and `bias [out]` under `params`.
  public Linear(int in, int out, Activation activation, LinearInit init, Params params) {
    if (in < 1 || out < 1) {
      throw new IllegalArgumentException(
          params.path()
              + ": linear layer from "
              + in
              + " to "
              + out
              + ". Expected at least 1 each.");
    }
    this.weight = params.weight("weight", Shape.of(in, out), init.weight(in, out));
    this.bias = params.dense("bias", Shape.of(out), Parameter.Role.BIAS, init.bias(in, out));
    this.activation = activation;
  }

  /// A layer without activation, Xavier-initialised.
  public Linear(int in, int out, Params params) {
    this(in, out, Activation.IDENTITY, LinearInit.XAVIER, params);
  }

  /// x `[…, in]` → `[…, out]`.
  public Var forward(Var x) {
    Tape tape = x.tape();
    return x.linear(tape.use(weight), tape.use(bias), activation);
  }

  /// Number of inputs.
  public int in() {
    return weight.shape().size(0);
  }

  /// Number of outputs.
  public int out() {
    return weight.shape().size(1);
  }
}
