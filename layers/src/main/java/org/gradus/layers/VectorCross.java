// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// The cross network of Deep & Cross (Wang et al., ADKDD 2017, arXiv:1708.05123):
///
/// ```
/// x_{l+1} = (w_lᵀ x_l) x₀ + b_l + x_l                        (DCN-1, XN-3)
/// ```
///
/// x_l is the state after l of L layers, d numbers like the weights w_l and the bias b_l of the layer that makes x_{l+1}; ᵀ
/// transposes. The bias is outside the product, and the d × d outer product x₀ x_lᵀ is never built.
public final class VectorCross implements CrossNetwork {
  private final List<DenseParameter> w = new ArrayList<>(); // [d, 1]
  private final List<DenseParameter> b = new ArrayList<>(); // [d]

  /// New layers under `params`.
  ///
  /// @param width d
  /// @param layers L, at least 0
  public VectorCross(int width, int layers, Params params) {
    CrossNetwork.checkLayers(layers, params);
    for (int l = 0; l < layers; l++) {
      w.add(params.at(l).weight("w", Shape.of(width, 1), Initializers.xavierNormal()));
      b.add(params.at(l).bias("b", Shape.of(width)));
    }
  }

  @Override
  public Var forward(Var x0) {
    Tape tape = x0.tape();
    Var x = x0;
    for (int l = 0; l < w.size(); l++) {
      Var s = x.matmul(tape.use(w.get(l))); //                    [B, 1], w_lᵀ x_l
      x = x0.cross(s, x).add(tape.use(b.get(l))); //              [B, d]  (DCN-1, XN-3)
    }
    return x;
  }
}
