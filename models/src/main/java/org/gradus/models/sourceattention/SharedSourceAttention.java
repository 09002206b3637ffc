// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Several vectors of knowledge about a node become one: a map that all of them share, and attention among them.
///
/// ```
/// k_r = K_r A_r where a source has a map of its own, normalised if asked for
/// Z_r = ψ(k_r W₁ + b₁), the same W₁ and b₁ for all r                          (SA-1)
/// U_r = tanh(Z_r W₂ + b₂), or tanh(Z_r)                                       (SA-2)
/// e_r = U_r · q                                                               (SA-3)
/// α_r = m_r exp(e_r / τ) / Σ_s m_s exp(e_s / τ)                               (SA-4)
/// h   = Σ_r α_r Z_r, or Σ_r α_r k_r                                           (SA-5)
/// ```
///
/// m_r is 1 where the node has the source. A node without any gets h = 0. A source of zeros that is not masked is no absent one: its
/// projection is b₁, and it has a weight.
///
/// What is shared makes scores comparable as training goes on; it does not put coordinates of sources beside each other that have nothing to
/// do with each other, for which there are the maps A_r, and a source of large numbers dominates scores and sum, for which there is the
/// normalisation.
///
/// With one source there is nothing to score, and no parameter for it.
public final class SharedSourceAttention {
  private static final double EPSILON = 1e-6;

  private final List<String> names;
  private final List<@Nullable DenseParameter> adapters = new ArrayList<>(); // A_r [n_r, n]
  private final @Nullable Linear project; //      W₁ [n, d], b₁
  private final @Nullable Linear hidden; //       W₂ [d, d_a], b₂
  private final @Nullable DenseParameter query; // q [d_a, H]
  private final @Nullable Population population;
  private final SourceDropout dropout;
  private final Config config;
  private final String path;
  private final int width;

  /// ψ: what follows the shared map.
  public enum Activation {
    /// x
    IDENTITY,
    /// max(x, 0)
    RELU,
    /// x for x > 0, else eˣ − 1
    ELU
  }

  /// What is summed up.
  public enum Aggregate {
    /// Z
    PROJECTED,
    /// k
    RAW
  }

  /// Whose scores count.
  public enum Level {
    /// those of the node
    NODE,
    /// their means over the nodes, as in HAN
    POPULATION
  }

  /// What becomes of a source before the shared map.
  public enum Normalise {
    /// nothing
    NONE,
    /// mean 0 and variance 1 over its numbers
    LAYER_NORM
  }

  /// What a user may set.
  ///
  /// @param projection the shared map, and what comes before it
  /// @param score of a source
  /// @param sum what α weighs
  /// @param level whose scores count
  /// @param sourceDropout share of sources left out in training, whole and never all
  public record Config(
      Projection projection, Score score, Sum sum, Level level, double sourceDropout) {
    /// Attention of each node to its projected sources, with a map each.
    public static final Config PRESET =
        new Config(
            new Projection(32, Activation.IDENTITY, true, Normalise.NONE),
            new Score(1, true, 32, 1),
            new Sum(Aggregate.PROJECTED, false),
            Level.NODE,
            0);
  }

  /// From a source to Z.
  ///
  /// @param width d
  /// @param activation ψ
  /// @param adapters whether every source has a map A_r; else those only whose width is not the common one
  /// @param normalise before the shared map
  public record Projection(
      int width, Activation activation, boolean adapters, Normalise normalise) {}

  /// From Z to α.
  ///
  /// @param heads H: q of their own each, results side by side
  /// @param hidden whether there is (W₂, b₂)
  /// @param hiddenWidth d_a
  /// @param temperature τ
  public record Score(int heads, boolean hidden, int hiddenWidth, double temperature) {
    /// Checks the ranges.
    public Score {
      if (heads < 1 || !(temperature > 0)) {
        throw new IllegalArgumentException(
            "source-attention: "
                + heads
                + " heads, temperature "
                + temperature
                + ". Expected at least one head, and a temperature above 0.");
      }
    }
  }

  /// From α to h.
  ///
  /// @param of what is summed up
  /// @param residual whether the mean of Z over the node's sources is added
  public record Sum(Aggregate of, boolean residual) {
    /// Checks that the two fit.
    public Sum {
      String conflict = conflict(of, residual);
      if (conflict != null) {
        throw new IllegalArgumentException(conflict);
      }
    }

    /// Why the two do not fit, or null.
    static @Nullable String conflict(Aggregate of, boolean residual) {
      return of == Aggregate.RAW && residual
          ? "source-attention: aggregate RAW with residual=true, which adds projections. Expected"
              + " aggregate=PROJECTED, or residual=false."
          : null;
    }
  }

  /// A source.
  ///
  /// @param name of its parameters, and what watchers are told
  /// @param width n_r
  public record Source(String name, int width) {}

  /// Parameters under `params`.
  ///
  /// @param common n, the width of sources without a map of their own
  SharedSourceAttention(List<Source> sources, int common, Config config, Params params) {
    this.config = config;
    path = params.path();
    names = sources.stream().map(Source::name).toList();
    for (Source s : sources) {
      boolean own = config.projection.adapters || s.width != common;
      adapters.add(
          own
              ? params
                  .at("adapter")
                  .weight(s.name, Shape.of(s.width, common), Initializers.xavierUniform())
              : null);
    }
    boolean scored = sources.size() > 1;
    boolean projected = scored || config.sum.of == Aggregate.PROJECTED;
    int d = config.projection.width;
    project = projected ? new Linear(common, d, params.at("project")) : null;
    Params score = params.at("score");
    hidden = scored && config.score.hidden ? new Linear(d, config.score.hiddenWidth, score) : null;
    int a = config.score.hidden ? config.score.hiddenWidth : d;
    query =
        scored
            ? score.weight(
                "query",
                Shape.of(a, config.score.heads),
                Initializers.normal(1 / StrictMath.sqrt(a)))
            : null;
    population =
        scored && config.level == Level.POPULATION
            ? new Population(names, config.score.heads, params.at("mean"))
            : null;
    dropout = new SourceDropout(config.sourceDropout, path);
    width = config.score.heads * (config.sum.of == Aggregate.PROJECTED ? d : common);
  }

  /// Numbers in h.
  int width() {
    return width;
  }

  /// h `[B, width]`.
  ///
  /// @param sources `[B, n_r]` each, finite where they are absent
  /// @param present which of them a node has, `[B, R]` row by row
  Var forward(List<Var> sources, boolean[] present, Mode mode) {
    Var k = normalised(adapted(sources)); //                         [B, R, n]
    int rows = k.size(0);
    boolean[] kept = dropout.of(present, rows, mode);
    Tensor mask = mode.tape().scope().upload(Shape.of(rows, names.size()), kept);
    Var z = project == null ? k : projected(project, k); //          [B, R, d]
    Var alpha = weights(z, kept, mask, mode); //                     [B, H, R]
    mode.watchParts(path, names, config.score.heads == 1 ? alpha.squeeze(1) : alpha.mean(1), mask);
    Var h = alpha.matmul(config.sum.of == Aggregate.PROJECTED ? z : k); // [B, H, d]  (SA-5)
    if (config.sum.residual) {
      h = h.add(equal(kept, 1, mode).matmul(z)); //                  [B, H, d]
    }
    return h.flatten(1); //                                          [B, H·d]
  }

  private Var adapted(List<Var> sources) {
    List<Var> all = new ArrayList<>();
    for (int r = 0; r < names.size(); r++) {
      DenseParameter own = adapters.get(r);
      Var s = sources.get(r);
      all.add(own == null ? s : s.matmul(s.tape().use(own))); //     [B, n]
    }
    return Var.stack(1, all); //                                     [B, R, n]
  }

  private Var normalised(Var k) {
    return config.projection.normalise == Normalise.LAYER_NORM ? k.layerNorm(EPSILON) : k;
  }

  private Var projected(Linear map, Var k) {
    Var z = map.forward(k); //                                       [B, R, d]  (SA-1)
    return switch (config.projection.activation) {
      case IDENTITY -> z;
      case RELU -> z.relu();
      case ELU -> z.elu(1);
    };
  }

  /// α `[B, H, R]`; 0 where a node has no source.
  private Var weights(Var z, boolean[] kept, Tensor mask, Mode mode) {
    if (query == null) {
      return equal(kept, config.score.heads, mode); // of one source
    }
    Tape tape = z.tape();
    Tensor real = tape.scope().reshape(mask, mask.shape().insert(1, 1));
    if (population != null && !mode.training()) {
      return population
          .means(mask.shape().size(0), tape)
          .multiply(1 / config.score.temperature)
          .softmax(real); //                                         [B, H, R]  (SA-4)
    }
    Var u = (hidden == null ? z : hidden.forward(z)).tanh(); //      [B, R, d_a]  (SA-2)
    Var e = u.matmul(tape.use(query)).permute(0, 2, 1); //           [B, H, R]  (SA-3)
    e = population == null ? e : population.over(e, kept, mode); //  [B, H, R]
    return e.multiply(1 / config.score.temperature).softmax(real); // [B, H, R]  (SA-4)
  }

  /// 1 over the number of a node's sources at each of them, `[B, heads, R]`.
  private Var equal(boolean[] kept, int heads, Mode mode) {
    int n = names.size();
    double[] shares = new double[kept.length * heads];
    for (int b = 0; b < kept.length / n; b++) {
      int count = 0;
      for (int r = 0; r < n; r++) {
        count += kept[b * n + r] ? 1 : 0;
      }
      for (int i = 0; i < heads * n; i++) {
        shares[b * heads * n + i] = kept[b * n + i % n] ? 1.0 / count : 0;
      }
    }
    return mode.tape().constant(Shape.of(kept.length / n, heads, n), shares);
  }
}
