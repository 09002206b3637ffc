// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;

/// A task's tower, whose layers the scenario says:
///
/// ```
/// L^(0) = R,   L^(j) = σ(Meta^(j−1)(L^(j−1)) + L^(j−1)),  j = 1 … J      (META-11)
/// z     = L^(J) w + b                                                  (META-12)
/// ```
final class MetaTower {
  private final Linear out;
  private final int depth;
  private final boolean residual;
  private final Nonlinearity sigma;

  /// `out` under `params`.
  ///
  /// @param width d
  MetaTower(int width, M2m.Tower config, Nonlinearity sigma, Params params) {
    this.sigma = sigma;
    depth = config.depth();
    residual = config.residual();
    out = new Linear(width, 1, params.at("out"));
  }

  /// z `[B]`
  ///
  /// @param meta what the scenario says: of each layer, or once for all
  /// @param r R `[B, d]`
  Var forward(List<MetaUnit.Said> meta, Var r) {
    Var l = r.unsqueeze(1); //                             [B, 1, d]
    for (int j = 0; j < depth; j++) {
      Var said = meta.get(Math.min(j, meta.size() - 1)).forward(l);
      if (residual) {
        l = sigma.of(said.add(l)); //                      [B, 1, d]  (META-11)
      } else {
        l = sigma.of(said); //                             [B, 1, d]
      }
    }
    return out.forward(l.squeeze(1)).squeeze(1); //        [B]  (META-12)
  }
}
