// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// The low-rank cross network of DCN V2 (Wang et al., WWW 2021, arXiv:2008.13535):
///
/// ```
/// x_{l+1} = x₀ ⊙ (U_l (V_lᵀ x_l) + b_l) + x_l                (DCN-3, XN-1)
/// ```
///
/// x_l is the state after l of L layers, d numbers like the bias b_l of the layer that makes x_{l+1}; U_l and V_l are d × r, r
/// being the rank, ᵀ transposes, and ⊙ multiplies number by number. `v [d, r]` narrows, and `u [r, d]`, which is U_l
/// transposed, widens. A rank below d/2 saves work; about d/4 keeps the accuracy of full rank, by our reading.
public final class LowRankCross implements CrossNetwork {
  private final List<DenseParameter> v = new ArrayList<>(); // [d, r]
  private final List<DenseParameter> u = new ArrayList<>(); // [r, d]
  private final List<DenseParameter> b = new ArrayList<>(); // [d]

  /// New layers under `params`.
  ///
  /// @param width d
  /// @param layers L, at least 0
  /// @param rank r, at least 1
  public LowRankCross(int width, int layers, int rank, Params params) {
    CrossNetwork.checkLayers(layers, params);
    if (rank < 1) {
      throw new IllegalArgumentException(
          params.path() + ": cross rank " + rank + ". Expected at least 1.");
    }
    for (int l = 0; l < layers; l++) {
      Params p = params.at(l);
      v.add(p.weight("v", Shape.of(width, rank), Initializers.xavierNormal()));
      u.add(p.weight("u", Shape.of(rank, width), Initializers.xavierNormal()));
      b.add(p.bias("b", Shape.of(width)));
    }
  }

  @Override
  public Var forward(Var x0) {
    Tape tape = x0.tape();
    Var x = x0;
    for (int l = 0; l < v.size(); l++) {
      Var h = x.matmul(tape.use(v.get(l))); //                                         [B, r]
      Var y = h.linear(tape.use(u.get(l)), tape.use(b.get(l)), Activation.IDENTITY); // [B, d]
      x = x0.cross(y, x); // [B, d], x₀ ⊙ y + x  (DCN-3, XN-1)
    }
    return x;
  }
}
