// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.jspecify.annotations.Nullable;

/// One level of progressive layered extraction (Tang et al. RecSys 2020): experts of each task and shared ones, and the gates that mix them
/// into the streams of the next level, s_t of task t and s_S for all:
///
/// ```
/// E_t  = [mlp_{t,1}(s_t); …; mlp_{t,n_t}(s_t)],  E_S likewise of s_S     (PLE-1)
/// s′_t = softmax(s_t W_t) · [E_t; E_S]                                   (PLE-2)
/// s′_S = softmax(s_S W_S) · [E_1; …; E_T; E_S],  not at the last level   (PLE-3)
/// ```
///
/// Inside a gate a task's own experts come first, then the shared ones; inside the shared gate those of
/// the tasks in order, then the shared ones.
public final class Extraction {
  private final List<@Nullable Experts> specific = new ArrayList<>(); // null for a task without
  private final @Nullable Experts shared;
  private final List<Gate> gates = new ArrayList<>();
  private final @Nullable Gate sharedGate;
  private final int out;

  /// What a level is made of.
  ///
  /// @param specific n_t, how many experts each task has of its own
  /// @param shared n_S; a task without experts of its own needs some
  /// @param sizes of the layers of each expert
  /// @param gate what each gate is made of
  /// @param style of the layers of experts
  public record Config(
      List<Integer> specific, int shared, List<Integer> sizes, Gate.Config gate, Mlp.Style style) {
    /// Copies the lists.
    public Config {
      specific = List.copyOf(specific);
      sizes = List.copyOf(sizes);
    }
  }

  /// What flows between levels.
  ///
  /// @param tasks a stream `[B, h]` per task
  /// @param shared the shared one; null where nobody reads it
  public record Streams(List<Var> tasks, @Nullable Var shared) {
    /// Copies the list.
    public Streams {
      tasks = List.copyOf(tasks);
    }

    /// x for everybody.
    public static Streams of(Var x, int tasks) {
      return new Streams(Collections.nCopies(tasks, x), x);
    }
  }

  /// A level over streams of width `in`: `task/<name>/expert/<k>`, `task/<name>/gate`, `shared/expert/<k>` and `shared/gate` under `params`.
  ///
  /// @param tasks their names
  /// @param last whether no level follows, so that nobody reads a shared stream: its gate would never have a gradient
  public Extraction(int in, List<String> tasks, Config config, boolean last, Params params) {
    int width = 0;
    int all = config.shared;
    for (int t = 0; t < tasks.size(); t++) {
      int n = config.specific.get(t);
      Params own = params.at("task").at(tasks.get(t));
      Experts experts = experts(in, n, config, own.at("expert"));
      width = experts == null ? width : experts.out();
      specific.add(experts);
      gates.add(new Gate(in, n + config.shared, config.gate, own.at("gate")));
      all += n;
    }
    Params common = params.at("shared");
    shared = experts(in, config.shared, config, common.at("expert"));
    sharedGate = last || shared == null ? null : new Gate(in, all, config.gate, common.at("gate"));
    out = shared == null ? width : shared.out();
  }

  private static @Nullable Experts experts(int in, int n, Config config, Params params) {
    return n == 0 ? null : new Experts(in, n, config.sizes, config.style, params);
  }

  /// Width of the streams that leave the level.
  public int out() {
    return out;
  }

  /// The streams of the next level.
  public Streams forward(Streams s, Mode mode) {
    Var common = shared == null || s.shared == null ? null : shared.forward(s.shared, mode);
    List<Var> everybody = new ArrayList<>();
    List<Var> next = new ArrayList<>();
    for (int t = 0; t < gates.size(); t++) {
      Var stream = s.tasks.get(t); //                                    [B, h]
      Experts own = specific.get(t);
      List<Var> heard = new ArrayList<>(2);
      if (own != null) {
        Var e = own.forward(stream, mode); //                            [B, n_t, h′]  (PLE-1)
        heard.add(e);
        everybody.add(e);
      }
      if (common != null) {
        heard.add(common);
      }
      Var e = Var.concat(1, heard); //                                   [B, n_t + n_S, h′]
      next.add(gates.get(t).mix(stream, e, mode)); //                    [B, h′]  (PLE-2)
    }
    if (sharedGate == null || common == null || s.shared == null) {
      return new Streams(next, null);
    }
    everybody.add(common);
    Var all = Var.concat(1, everybody); //                               [B, Σn_t + n_S, h′]
    return new Streams(next, sharedGate.mix(s.shared, all, mode)); //    [B, h′]  (PLE-3)
  }
}
