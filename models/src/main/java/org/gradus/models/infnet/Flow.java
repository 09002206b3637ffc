// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.LayerNorm;
import org.gradus.layers.Residual;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// One group's queries ask the other groups, and add what they hear.
///
/// ```
/// X̃′ = Σ_a CA_a(X̃, tokens of a)  [+ X̃, layer norm]                          (IN-8) to (IN-11)
/// β  = softmax_a(mean_rows(X̃)·u_a + w_a),  X̃′ = |A| Σ_a β_a CA_a            (IN-15)
/// ```
///
/// (IN-15) weighs groups as wholes: an option that the paper does not have. u and w begin as 0, where it is the sum. Outside of
/// training only the groups that weigh most may be asked, each with the weight that it had among all; those that weigh alike, but for
/// roundings, count alike.
public final class Flow {
  private final List<Source> sources = new ArrayList<>();
  private final @Nullable DenseParameter u; // [d, |A|]
  private final @Nullable DenseParameter w; // [|A|]
  private final @Nullable LayerNorm norm;
  private final Config config;

  private record Source(Part part, CrossAttention attention) {}

  /// What all flows of a model have in common.
  ///
  /// @param attention of every query to every group
  /// @param coarse whether groups are weighed as wholes, and how many of them count outside of training
  /// @param residual whether what asked is added: the paper's text; its equations do not
  /// @param norm whether a layer norm stands behind
  public record Config(
      CrossAttention.Config attention, Coarse coarse, boolean residual, boolean norm) {
    /// The paper's equations.
    public static final Config PAPER =
        new Config(CrossAttention.Config.PAPER, Coarse.NONE, false, false);
  }

  /// Attention to groups as wholes.
  ///
  /// @param weighs whether there is any
  /// @param strongest how many groups an example asks outside of training; 0 for all
  public record Coarse(boolean weighs, int strongest) {
    /// Groups count alike.
    public static final Coarse NONE = new Coarse(false, 0);

    /// Checks the range.
    public Coarse {
      if (strongest < 0) {
        throw new IllegalArgumentException(
            "infnet: the " + strongest + " strongest groups. Expected 1 or more, or 0 for all.");
      }
    }
  }

  /// A flow from at least one group.
  ///
  /// @param query who asks
  /// @param asked who is asked
  /// @param width d
  Flow(Part query, List<Part> asked, int width, Config config, Params params) {
    for (Part part : asked) {
      Params p = params.at("attention").at(query.letter() + part.letter());
      sources.add(new Source(part, new CrossAttention(width, config.attention, p)));
    }
    boolean weighs = config.coarse.weighs && asked.size() > 1;
    Params p = params.at("coarse").at(query.letter());
    // neither is weight decay's: 0 is where they begin, and where groups count alike
    u =
        weighs
            ? p.dense("u", Shape.of(width, asked.size()), Parameter.Role.BIAS, Initializers.zeros())
            : null;
    w = weighs ? p.bias("w", Shape.of(asked.size())) : null;
    norm =
        config.norm
            ? new LayerNorm(width, Residual.EPSILON, params.at("norm").at(query.letter()))
            : null;
    this.config = config;
  }

  /// `[B, m, d]` → `[B, m, d]`.
  ///
  /// @param x X̃, who asks
  /// @param keys whoever is asked
  /// @param penalty is given a term for every attention, where there are any
  Var forward(Var x, Map<Part, CrossAttention.Keys> keys, Mode mode, Consumer<Var> penalty) {
    Var factors = factors(x, mode); //                                        [B, …, 1, |A|]
    Var sum = null;
    for (int a = 0; a < sources.size(); a++) {
      Source source = sources.get(a);
      if (factors != null && !mode.training() && nobodyAsks(factors, a)) {
        continue;
      }
      CrossAttention.Keys asked = Block.present(keys, source.part);
      Var heard = source.attention.forward(x, asked, mode, penalty); //       [B, …, m, d]  (IN-7)
      if (factors != null) {
        heard = heard.multiply(factors.slice(2, a, a + 1)); //                (IN-15)
      }
      sum = sum == null ? heard : sum.add(heard); //                          (IN-8) to (IN-11)
    }
    if (sum == null) {
      throw new IllegalStateException("infnet: a flow from nowhere."); // see the constructor
    }
    Var y = config.residual ? sum.add(x) : sum;
    return norm == null ? y : norm.forward(y);
  }

  /// |A| β; 0 of groups that are not asked
  private @Nullable Var factors(Var x, Mode mode) {
    if (u == null || w == null) {
      return null;
    }
    Tape tape = x.tape();
    Var logits = x.mean(1, true).linear(tape.use(u), tape.use(w), Activation.IDENTITY);
    Var factors = logits.softmax().multiply(sources.size()); //               (IN-15)
    boolean all = config.coarse.strongest == 0 || config.coarse.strongest >= sources.size();
    return all || mode.training()
        ? factors
        : factors.keepWhere(tape.scope().upload(factors.shape(), strongest(logits)));
  }

  /// Which groups an example asks.
  private boolean[] strongest(Var logits) {
    double[] s = logits.value().toDoubles();
    int n = sources.size();
    boolean[] asked = new boolean[s.length];
    for (int from = 0; from < s.length; from += n) {
      double[] falling = Sparsity.falling(Arrays.copyOfRange(s, from, from + n));
      double least = Sparsity.least(falling, config.coarse.strongest);
      for (int a = from; a < from + n; a++) {
        asked[a] = s[a] >= least;
      }
    }
    return asked;
  }

  private boolean nobodyAsks(Var factors, int a) {
    if (config.coarse.strongest == 0) {
      return false; // a softmax is nowhere 0
    }
    double[] f = factors.value().toDoubles();
    for (int i = a; i < f.length; i += sources.size()) {
      if (f[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
