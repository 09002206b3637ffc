// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// A fully connected layer with a centre that all scenarios share and a scenario's own factor for every weight:
///
/// ```
/// W*_p = W_p ⊙ W,   b*_p = b_p + b        (ST-4)
/// out  = φ(in W*_p + b*_p)                (ST-5)
/// ```
///
/// W*_p is formed once for all rows of the scenario. Factors begin at 1, so that training begins with one network for all; at 0 neither W
/// nor W_p would ever have a gradient. A penalty on weights leaves factors alone: towards 0 it would switch the layer off.
public final class StarLayer {
  private final DenseParameter weight; // W [in, out]
  private final DenseParameter bias; //   b [out]
  private final List<Domain> domains = new ArrayList<>();
  private final Combine combine;

  private record Domain(DenseParameter weight, DenseParameter bias) {}

  /// What becomes of W and W_p.
  public enum Combine {
    /// W_p ⊙ W: the paper's
    PRODUCT,
    /// W_p + W, with W_p from 0
    SUM;

    /// The W_p that changes nothing: where it begins, and what a penalty pulls it to.
    double neutral() {
      return this == PRODUCT ? 1 : 0;
    }
  }

  /// `weight [in, out]` and `bias [out]`, and the same under `domain/<p>`.
  ///
  /// @param count P
  StarLayer(int in, int out, int count, Combine combine, Params params) {
    this.combine = combine;
    Shape shape = Shape.of(in, out);
    weight = params.weight("weight", shape, Initializers.xavierUniform());
    bias = params.bias("bias", Shape.of(out));
    Parameter.Role role = combine == Combine.PRODUCT ? Parameter.Role.NORM : Parameter.Role.WEIGHT;
    for (int p = 0; p < count; p++) {
      Params own = params.at("domain").at(p);
      domains.add(
          new Domain(
              own.dense("weight", shape, role, Initializers.constant(combine.neutral())),
              own.bias("bias", Shape.of(out))));
    }
  }

  /// x `[N, in]` → `[N, out]`, all rows of scenario p.
  Var forward(Var x, int p, Activation activation) {
    Tape tape = x.tape();
    Domain own = domains.get(p);
    Var w = combined(tape.use(weight), tape.use(own.weight)); // [in, out]  (ST-4)
    Var b = tape.use(bias).add(tape.use(own.bias)); //           [out]
    return x.linear(w, b, activation); //                        [N, out]  (ST-5)
  }

  private Var combined(Var shared, Var own) {
    return switch (combine) {
      case PRODUCT -> shared.multiply(own);
      case SUM -> shared.add(own);
    };
  }

  /// ½ Σ_p ‖W_p − 1‖², of sums ½ Σ_p ‖W_p‖², `[]`.
  Var distance(Tape tape) {
    Var sum = tape.constant(Shape.scalar(), 0f);
    for (Domain own : domains) {
      Var away = tape.use(own.weight).add(-combine.neutral());
      sum = sum.add(away.square().sum());
    }
    return sum.multiply(0.5);
  }
}
