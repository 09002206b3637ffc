// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// Two towers read all vectors, and their outputs are multiplied as matrices (TorchRec's projection):
///
/// ```
/// y = branch₁(x₀) ∈ ℝ^{F₁D},  z = branch₂(x₀) ∈ ℝ^{F₂D}      (PJ-1)
/// 𝒴 = y as [F₁, D],  𝒵 = z as [D, F₂], both row-major        (PJ-2)
/// I = 𝒴 𝒵 ∈ ℝ^{F₁×F₂}                                        (PJ-3)
/// ```
///
/// 𝒵 is not the transpose of a `[F₂, D]` view.
public final class ProjectionInteraction {
  private final Mlp branch1;
  private final Mlp branch2;
  private final int dim;

  /// Two new towers under `params`.
  ///
  /// @param in width of x₀
  /// @param dim D; the last sizes of both branches must be multiples of it
  /// @param sizes layer sizes of the two branches
  /// @param style what the layers of both branches have in common
  public ProjectionInteraction(
      int in, int dim, List<List<Integer>> sizes, Mlp.Style style, Params params) {
    if (sizes.size() != 2) {
      throw new IllegalArgumentException(
          "projection: " + sizes.size() + " branches. Expected two lists of layer sizes.");
    }
    for (List<Integer> branch : sizes) {
      if (branch.isEmpty() || branch.getLast() % dim != 0) {
        throw new IllegalArgumentException(
            "projection: branch "
                + branch
                + ". Expected a last size that is a multiple of the embedding width "
                + dim
                + ".");
      }
    }
    this.dim = dim;
    this.branch1 = new Mlp(in, sizes.get(0), style, params.at("branch1"));
    this.branch2 = new Mlp(in, sizes.get(1), style, params.at("branch2"));
  }

  /// x₀ `[B, in]` → I, flattened, `[B, F₁F₂]`.
  public Var forward(Var x0, Mode mode) {
    int rows = x0.size(0);
    Var y = branch1.forward(x0, mode); //               [B, F₁D]    (PJ-1)
    Var z = branch2.forward(x0, mode); //               [B, F₂D]    (PJ-1)
    y = y.reshape(rows, branch1.out() / dim, dim); //   [B, F₁, D]  (PJ-2)
    z = z.reshape(rows, dim, branch2.out() / dim); //   [B, D, F₂]  (PJ-2)
    return y.matmul(z).flatten(1); //                   [B, F₁F₂]   (PJ-3)
  }

  /// F₁F₂, width of the result.
  public int out() {
    return branch1.out() / dim * (branch2.out() / dim);
  }
}
