// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// Towers side by side that read the same and differ in their weights: e_k = mlp_k(x).
public final class Experts {
  private final List<Mlp> experts = new ArrayList<>();
  private final int out;

  /// Experts with layers of these sizes; expert k has path `k` under `params`, so that each starts elsewhere.
  ///
  /// @param in width of x
  /// @param count E, at least 1
  public Experts(int in, int count, List<Integer> sizes, Mlp.Style style, Params params) {
    if (count < 1) {
      throw new IllegalArgumentException(
          params.path() + ": " + count + " experts. Expected at least 1.");
    }
    for (int k = 0; k < count; k++) {
      experts.add(new Mlp(in, sizes, style, params.at(k)));
    }
    out = experts.getFirst().out();
  }

  /// x `[B, in]` → e `[B, E, d]`.
  public Var forward(Var x, Mode mode) {
    List<Var> each = new ArrayList<>(experts.size());
    for (Mlp expert : experts) {
      each.add(expert.forward(x, mode));
    }
    return Var.stack(1, each);
  }

  /// E
  public int count() {
    return experts.size();
  }

  /// d, the width of what an expert says.
  public int out() {
    return out;
  }
}
