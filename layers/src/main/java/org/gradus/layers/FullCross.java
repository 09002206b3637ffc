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

/// The cross network of DCN V2 (Wang et al., WWW 2021, arXiv:2008.13535), full rank:
///
/// ```
/// x_{l+1} = x₀ ⊙ (W_l x_l + b_l) + x_l                       (DCN-2, XN-2)
/// ```
///
/// x_l is the state after l of L layers, d numbers like the bias b_l of the layer that makes x_{l+1}, and W_l is d × d; ⊙
/// multiplies number by number. `w` is stored `[in, out]`, so it is W_l transposed.
public final class FullCross implements CrossNetwork {
  private final List<DenseParameter> w = new ArrayList<>(); // [d, d]
  private final List<DenseParameter> b = new ArrayList<>(); // [d]

  /// New layers under `params`.
  ///
  /// @param width d
  /// @param layers L, at least 0
  public FullCross(int width, int layers, Params params) {
    CrossNetwork.checkLayers(layers, params);
    for (int l = 0; l < layers; l++) {
      w.add(params.at(l).weight("w", Shape.of(width, width), Initializers.xavierNormal()));
      b.add(params.at(l).bias("b", Shape.of(width)));
    }
  }

  @Override
  public Var forward(Var x0) {
    Tape tape = x0.tape();
    Var x = x0;
    for (int l = 0; l < w.size(); l++) {
      Var y = x.linear(tape.use(w.get(l)), tape.use(b.get(l)), Activation.IDENTITY); // [B, d]
      x = x0.cross(y, x); // [B, d], x₀ ⊙ y + x  (DCN-2, XN-2)
    }
    return x;
  }
}
