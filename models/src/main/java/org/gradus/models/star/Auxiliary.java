// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.ScenarioRows;
import org.jspecify.annotations.Nullable;

/// The auxiliary network: the vector of the scenario and the input, and a small tower on both.
///
/// ```
/// z_aux = mlp_aux([u; x]),  or with x standardised by scenario        (ST-6)
/// ```
///
/// u itself is never standardised: it is the same for all rows of a scenario, of which nothing would be left.
public final class Auxiliary {
  private final @Nullable PartitionedNorm norm;
  private final Tower tower;

  /// What a user may set.
  ///
  /// @param used whether there is an auxiliary network
  /// @param dim width of u
  /// @param norm whether x is standardised by scenario
  /// @param hidden sizes of the layers below the last
  public record Config(boolean used, int dim, boolean norm, List<Integer> hidden) {
    /// Copies the list.
    public Config {
      hidden = List.copyOf(hidden);
    }
  }

  /// Layers `<l>` and `out` under `params`, and `pn` where x is standardised.
  ///
  /// @param width of x
  Auxiliary(
      int width, Config config, @Nullable PartitionedNorm norm, Mlp.Style style, Params params) {
    this.norm = norm;
    tower = new Tower(config.dim + width, config.hidden, style, params);
  }

  /// z_aux `[B]`.
  ///
  /// @param u the vectors of the scenarios, `[B, D_u]`
  /// @param x `[B, d]`
  Var forward(Var u, Var x, ScenarioRows rows, Mode mode) {
    Var input = norm == null ? x : standardised(norm, x, rows, mode); //     [B, d]
    return tower.forward(Var.concat(1, List.of(u, input)), mode); //         [B]  (ST-6)
  }

  private static Var standardised(PartitionedNorm norm, Var x, ScenarioRows rows, Mode mode) {
    List<Var> parts = new ArrayList<>();
    for (ScenarioRows.Group g : rows.groups()) {
      parts.add(norm.forward(g.of(x), g.scenario(), mode)); //               [N, d]
    }
    return rows.inOrder(parts);
  }
}
