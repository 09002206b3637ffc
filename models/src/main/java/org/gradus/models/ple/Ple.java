// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ple;

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
import org.gradus.layers.Extraction;
import org.gradus.layers.Gate;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Tasks;

/// **PLE** — Tang, Liu, Zhao, Gong. RecSys 2020, [doi:10.1145/3383313.3412236](https://doi.org/10.1145/3383313.3412236)
///
/// Level l takes a stream per task and a shared one, all of them x at the first:
///
/// ```
/// E_t  = [mlp_{t,1}(s_t); …; mlp_{t,n_t}(s_t)],  E_S likewise of s_S     (PLE-1)
/// s′_t = softmax(s_t W_t) · [E_t; E_S]                                   (PLE-2)
/// s′_S = softmax(s_S W_S) · [E_1; …; E_T; E_S],  not at the last level   (PLE-3)
/// z_t  = tower_t(s_t) of the last level                                  (PLE-4)
/// ```
///
/// A level is an [Extraction]; one level alone is CGC. The loss of a task, over the rows where its label was observed, and weights of
/// tasks that may decay, are the trainer's.
///
/// Departs from the paper in two places: the last level has no shared gate, whose stream nobody would read; and the next level reads
/// the fused streams, as the equations say, not all experts side by side, as the picture may be read.
public final class Ple implements MultiTask {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param levels how many, and their experts
  /// @param gate what each gate is made of
  /// @param tower sizes of the layers of each task
  /// @param style of the layers of experts and towers, without batch norm
  public record Config(
      int embeddingDim, Levels levels, Gate.Config gate, List<Integer> tower, Mlp.Style style) {
    /// A starting point: two levels of two experts per task and a shared one.
    public static final Config PRESET =
        new Config(
            16,
            new Levels(2, List.of(2), 1, List.of(List.of(128, 64))),
            Gate.Config.LINEAR,
            List.of(64),
            Mlp.Style.RELU);

    /// Copies the list.
    public Config {
      tower = List.copyOf(tower);
    }
  }

  /// The levels.
  ///
  /// @param count L; 1 is CGC
  /// @param specific n_t: one number for all tasks, or one for each in the order of their labels
  /// @param shared n_S
  /// @param sizes of the layers of each expert: at every level, or level by level
  public record Levels(int count, List<Integer> specific, int shared, List<List<Integer>> sizes) {
    /// Copies the lists, and checks the ranges.
    public Levels {
      specific = List.copyOf(specific);
      sizes = sizes.stream().map(List::copyOf).toList();
      boolean negative = shared < 0 || specific.stream().anyMatch(n -> n < 0);
      boolean level = sizes.size() == 1 || sizes.size() == count;
      if (count < 1 || negative || !level || sizes.stream().anyMatch(List::isEmpty)) {
        throw new IllegalArgumentException(
            "ple: levels "
                + count
                + ", specificExperts "
                + specific
                + ", sharedExperts "
                + shared
                + ", expertUnits "
                + sizes
                + ". Expected at least 1 level, no negative number of experts, and sizes for all"
                + " levels or for each, at least one layer, for experts without layers would all"
                + " say the same.");
      }
    }

    /// Sizes of the layers of each expert of a level.
    List<Integer> sizesOf(int level) {
      return sizes.get(sizes.size() == 1 ? 0 : level);
    }

    /// n_t of every task.
    List<Integer> perTask(List<String> tasks) {
      List<Integer> all = Tasks.each("ple: specificExperts", specific, tasks);
      if (shared == 0 && all.contains(0)) {
        throw new IllegalArgumentException(
            "ple: specificExperts "
                + specific
                + " and sharedExperts 0 leave a task without experts. Expected at least one.");
      }
      return all;
    }
  }

  private final ConcatenatedFields v;
  private final List<Extraction> levels = new ArrayList<>();
  private final List<Tower> towers = new ArrayList<>(); // one per task
  private final Tasks tasks;
  private final List<String> lastShared;

  /// A model for every label of the schema.
  public Ple(Config config, Schema schema, Params params) {
    tasks = Tasks.of("ple", schema);
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    int width = v.width();
    Levels all = config.levels;
    List<Integer> specific = all.perTask(tasks.names());
    for (int l = 0; l < all.count; l++) {
      boolean last = l == all.count - 1;
      Extraction.Config own =
          new Extraction.Config(specific, all.shared, all.sizesOf(l), config.gate, config.style);
      Extraction level = new Extraction(width, tasks.names(), own, last, params.at("level").at(l));
      levels.add(level);
      width = level.out();
    }
    for (String name : tasks.names()) {
      towers.add(new Tower(width, config.tower, config.style, params.at("tower").at(name)));
    }
    int last = levels.size() - 1;
    String shared =
        "level/" + last + "/shared/expert/*/" + (all.sizesOf(last).size() - 1) + "/weight";
    lastShared = List.of(all.shared > 0 ? shared : "v/*");
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x = v.lookup(batch, mode); //                        [B, d]
    Extraction.Streams s = Extraction.Streams.of(x, tasks.count());
    for (Extraction level : levels) {
      s = level.forward(s, mode); //                         [B, h] each  (PLE-1), (PLE-2), (PLE-3)
    }
    List<Var> z = new ArrayList<>();
    for (int t = 0; t < towers.size(); t++) {
      z.add(towers.get(t).forward(s.tasks().get(t), mode)); // [B]  (PLE-4)
    }
    return tasks.outputs(z);
  }

  @Override
  public List<String> lastShared() {
    return lastShared;
  }
}
