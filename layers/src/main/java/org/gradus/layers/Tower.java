// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// What turns a representation into one number per example: z = w · mlp(h) + b.
public final class Tower {
  private final Mlp hidden;
  private final Linear out;

  /// A tower over representations of width `in`. Its layers have the paths `<i>` under `params`, the last one `out`.
  public Tower(int in, List<Integer> sizes, Mlp.Style style, Params params) {
    hidden = new Mlp(in, sizes, style, params);
    out = new Linear(hidden.out(), 1, params.at("out"));
  }

  /// h `[B, in]` → z `[B]`.
  public Var forward(Var h, Mode mode) {
    return out.forward(hidden.forward(h, mode)).squeeze(1);
  }
}
