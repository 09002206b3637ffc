// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sharedbottom;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Tasks;

/// **Shared-Bottom** — Caruana. Machine Learning 28, 1997, [doi:10.1023/A:1007379606734](https://doi.org/10.1023/A:1007379606734)
///
/// ```
/// h   = mlp(x),  x = [e₁; …; e_F; x_num]     (SB-1)
/// z_t = tower_t(h)                           (SB-2)
/// L   = Σ_t w_t L_t
/// ```
///
/// Departs from the paper in three places: ReLU layers and a hidden layer in every tower, the form in which later papers compare with
/// it, where Caruana has one hidden layer of sigmoids; cross-entropy for binary labels, where he sums squared errors; and embeddings of
/// fields below the bottom. The sum over tasks is the trainer's, which knows other ways to combine losses too.
public final class SharedBottom implements MultiTask {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param bottom sizes of the layers that all tasks share; none leaves the embeddings
  /// @param towers sizes of the layers of every task, or of each in the order of their labels
  /// @param style of all layers; batch norm is the bottom's
  public record Config(
      int embeddingDim, List<Integer> bottom, List<List<Integer>> towers, Mlp.Style style) {
    /// A starting point: no paper says.
    public static final Config PRESET =
        new Config(16, List.of(256, 128), List.of(List.of(64)), Mlp.Style.RELU);

    /// Copies the lists.
    public Config {
      bottom = List.copyOf(bottom);
      towers = towers.stream().map(List::copyOf).toList();
    }
  }

  private final ConcatenatedFields v;
  private final Mlp bottom;
  private final List<Tower> towers = new ArrayList<>(); // one per task
  private final Tasks tasks;
  private final List<String> lastShared;

  /// A model for every label of the schema.
  public SharedBottom(Config config, Schema schema, Params params) {
    tasks = Tasks.of("shared-bottom", schema);
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    bottom = new Mlp(v.width(), config.bottom, config.style, params.at("bottom"));
    List<List<Integer>> sizes =
        Tasks.each("shared-bottom: towerUnits", config.towers, tasks.names());
    for (int t = 0; t < sizes.size(); t++) {
      Params own = params.at("tower").at(tasks.names().get(t));
      Mlp.Style style = config.style.withBatchNorm(false);
      towers.add(new Tower(bottom.out(), sizes.get(t), style, own));
    }
    int last = config.bottom.size() - 1;
    lastShared = List.of(last < 0 ? "v/*" : "bottom/" + last + "/weight");
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x = v.lookup(batch, mode); //        [B, d]
    Var h = bottom.forward(x, mode); //      [B, h]  (SB-1)
    List<Var> z = new ArrayList<>();
    for (Tower tower : towers) {
      z.add(tower.forward(h, mode)); //      [B]  (SB-2)
    }
    return tasks.outputs(z);
  }

  @Override
  public List<String> lastShared() {
    return lastShared;
  }
}
