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
/// `v [N, r]` narrows and `u [r, N]` widens. A rank below N/2 saves work; about N/4 keeps the accuracy of full rank.
public final class LowRankCross implements CrossNetwork {
  private final List<DenseParameter> v = new ArrayList<>(); // [N, r]
  private final List<DenseParameter> u = new ArrayList<>(); // [r, N]
  private final List<DenseParameter> b = new ArrayList<>(); // [N]

  /// New layers under `params`.
  ///
  /// @param width N
  /// @param layers L
  /// @param rank r
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
      Var y = h.linear(tape.use(u.get(l)), tape.use(b.get(l)), Activation.IDENTITY); // [B, N]
      x = x0.cross(y, x); //                                                   [B, N]  (DCN-3, XN-1)
    }
    return x;
  }
}
