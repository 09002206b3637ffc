// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lstmforecast;

import java.util.Arrays;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.lstmforecast.LstmForecast.Output;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// What turns a state into forecasts. b begins so that φ(b) is the mean of the targets.
///
/// ```
/// y = φ(x W + b)      (LF-6)
/// ```
final class ForecastHead {
  private final DenseParameter weight; // W [in, out]
  private final DenseParameter bias; //   b [out]
  private final Positivity phi;

  ForecastHead(int in, int out, Output output, Params params) {
    phi = output.head();
    float start = (float) phi.bias(output.targetMean());
    weight = params.weight("weight", Shape.of(in, out), Initializers.xavierUniform());
    bias =
        params.dense(
            "bias",
            Shape.of(out),
            Parameter.Role.BIAS,
            (values, _, _, _) -> Arrays.fill(values, start));
  }

  /// x `[B, in]` → `[B, out]`.
  Var forward(Var x, Mode mode) {
    Tape tape = mode.tape();
    Var z = x.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY);
    return phi.of(z, mode); //                                               (LF-6)
  }
}
