// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Activations;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// A fully connected layer whose weight is generated, whole or in part, from the condition of the sample:
///
/// ```
/// full:        W_i = reshape(mlp(c_i)),   y_i = φ(x_i W_i + b_i)                      (APG-2)
/// low rank:    V_i [N, K], S_i [K, K], U_i [K, M] = reshape(mlp(c_i)) each            (APG-3)
///              y_i = φ(((x_i V_i) S_i) U_i + b_i)                                     (APG-4)
/// shared:      V and U are parameters of all samples, S_i alone is generated          (APG-3)
/// wide:        V = V^l V^r,  U = U^l U^r  with P columns between                      (APG-5)
/// ```
///
/// The product is taken from the left, so that no sample's W_i is ever formed unless it is generated whole. Element (r, c) of a generated
/// matrix with n columns is number r n + c. In evaluation V^l V^r and U^l U^r are multiplied once for the batch, if nothing stands between.
public final class ApgLayer {
  private final List<Factor> factors = new ArrayList<>();
  private final @Nullable DenseParameter bias; // [M]
  private final @Nullable Generator biases; //    [B, M]
  private final Config config;

  /// What of a weight is generated.
  public enum Generated {
    /// all of it
    FULL,
    /// both factors and the core
    LOW_RANK,
    /// the core
    SHARED
  }

  /// What b_i is.
  public enum Bias {
    /// there is none
    NONE,
    /// one for all samples
    SHARED,
    /// of each sample
    GENERATED
  }

  /// How the core begins.
  public enum CoreInit {
    /// as any layer's output
    GLOROT,
    /// near the identity
    IDENTITY
  }

  /// What a user may set.
  ///
  /// @param generated what of a weight
  /// @param rank K and P
  /// @param generators of what they are made
  /// @param biases which there are
  /// @param inner after every factor but the last
  public record Config(
      Generated generated, Rank rank, Generators generators, Biases biases, Activation inner) {
    /// The product of the paper, shared and wide; K and P are ours.
    public static final Config PAPER =
        new Config(
            Generated.SHARED,
            new Rank(0, 16, true, 4),
            new Generators(List.of(), Activation.IDENTITY, CoreInit.GLOROT),
            new Biases(Bias.SHARED, false),
            Activation.IDENTITY);

    /// As a published tutorial has it: a bias behind every factor, that of the core generated.
    public static final Config TUTORIAL =
        new Config(
            PAPER.generated,
            PAPER.rank,
            PAPER.generators,
            new Biases(Bias.SHARED, true),
            PAPER.inner);

    /// The same with other K and P.
    public Config withRank(Rank other) {
      return new Config(generated, other, generators, biases, inner);
    }
  }

  /// K and P.
  ///
  /// @param rank K; 0 for ⌈min(N, M) / mfK⌉
  /// @param mfK what the smaller side is divided by
  /// @param wide whether there are P columns between two halves of V, and of U, where these are shared
  /// @param mfP P = ⌈min(N, M) / mfP⌉
  public record Rank(int rank, int mfK, boolean wide, int mfP) {
    /// Checks the ranges.
    public Rank {
      if (rank < 0 || mfK < 1 || mfP < 1) {
        throw new IllegalArgumentException(
            "apg: rank "
                + rank
                + ", mfK "
                + mfK
                + ", mfP "
                + mfP
                + ". Expected a rank of at least 0, and mfK and mfP of at least 1.");
      }
    }

    int k(int in, int out) {
      int least = Math.min(in, out);
      int k = rank == 0 ? (least + mfK - 1) / mfK : rank;
      if (k > least) {
        throw new IllegalArgumentException(
            "apg: rank "
                + k
                + " of a layer from "
                + in
                + " to "
                + out
                + ". Expected at most "
                + least
                + ".");
      }
      return k;
    }

    int p(int in, int out) {
      return (Math.min(in, out) + mfP - 1) / mfP;
    }
  }

  /// The networks that generate.
  ///
  /// @param hidden sizes of the layers below their last
  /// @param activation of what is generated
  /// @param core how S begins
  public record Generators(List<Integer> hidden, Activation activation, CoreInit core) {
    /// Copies the list.
    public Generators {
      hidden = List.copyOf(hidden);
    }
  }

  /// The biases.
  ///
  /// @param out what b_i is
  /// @param factors whether there is one after every factor but the last: generated after a generated factor
  public record Biases(Bias out, boolean factors) {}

  /// x → x F + b of one matrix of the product.
  ///
  /// @param generator F, row by row; null where it is a parameter
  /// @param weight F; null where it is generated
  private record Factor(
      int in,
      int out,
      @Nullable Generator generator,
      @Nullable DenseParameter weight,
      Constants constants) {
    Var forward(Var x, List<Var> given, Mode mode) {
      Tape tape = x.tape();
      Var y;
      if (generator != null) {
        Var f = generator.forward(given, mode).reshape(x.size(0), in, out); // [B, in, out]
        y = x.unsqueeze(1).matmul(f).squeeze(1); //                           [B, out]
      } else {
        y = x.matmul(tape.use(weightOf())); //                                [B, out]
      }
      return constants.add(y, given, mode);
    }

    DenseParameter weightOf() {
      if (weight == null) {
        throw new IllegalStateException("apg: a generated factor has no weight");
      }
      return weight;
    }
  }

  /// The bias of a factor, if any.
  private record Constants(@Nullable DenseParameter shared, @Nullable Generator generated) {
    Var add(Var y, List<Var> given, Mode mode) {
      if (generated != null) {
        return y.add(generated.forward(given, mode));
      }
      return shared == null ? y : y.add(y.tape().use(shared));
    }
  }

  /// A layer from N inputs to M outputs under `params`.
  ///
  /// @param conditions names and widths of what it generates from
  ApgLayer(int in, int out, Config config, Map<String, Integer> conditions, Params params) {
    this.config = config;
    Made made = new Made(config, conditions, params);
    switch (config.generated) {
      case FULL -> factors.add(made.generated("full", in, out, false, 0));
      case LOW_RANK -> {
        int k = config.rank.k(in, out);
        factors.add(made.generated("v", in, k, true, 0));
        factors.add(made.generated("core", k, k, true, made.identity(k)));
        factors.add(made.generated("u", k, out, false, 0));
      }
      case SHARED -> {
        int k = config.rank.k(in, out);
        int p = config.rank.p(in, out);
        if (config.rank.wide) {
          factors.add(made.shared("vl", in, p, true));
          factors.add(made.shared("vr", p, k, true));
        } else {
          factors.add(made.shared("v", in, k, true));
        }
        factors.add(made.generated("core", k, k, true, made.identity(k)));
        if (config.rank.wide) {
          factors.add(made.shared("ul", k, p, true));
          factors.add(made.shared("ur", p, out, false));
        } else {
          factors.add(made.shared("u", k, out, false));
        }
      }
    }
    Bias kind = config.biases.out;
    bias = kind == Bias.SHARED ? params.bias("bias", Shape.of(out)) : null;
    biases =
        kind == Bias.GENERATED
            ? new Generator(conditions, out, made.plain(), 0, params.at("biases"))
            : null;
  }

  /// Makes the factors of a layer.
  private record Made(Config config, Map<String, Integer> conditions, Params params) {
    Generator.Style style() {
      return new Generator.Style(config.generators.hidden, config.generators.activation);
    }

    /// A bias comes from a single layer.
    Generator.Style plain() {
      return new Generator.Style(List.of(), config.generators.activation);
    }

    int identity(int k) {
      return config.generators.core == CoreInit.IDENTITY ? k : 0;
    }

    Factor generated(String name, int in, int out, boolean inner, int identity) {
      Params p = params.at(name);
      Generator g = new Generator(conditions, in * out, style(), identity, p);
      Generator constants =
          inner && config.biases.factors
              ? new Generator(conditions, out, plain(), 0, p.at("biases"))
              : null;
      return new Factor(in, out, g, null, new Constants(null, constants));
    }

    Factor shared(String name, int in, int out, boolean inner) {
      Params p = params.at(name);
      DenseParameter w = p.weight("weight", Shape.of(in, out), Initializers.xavierUniform());
      DenseParameter b = inner && config.biases.factors ? p.bias("bias", Shape.of(out)) : null;
      return new Factor(in, out, null, w, new Constants(b, null));
    }
  }

  /// x `[B, N]` → `[B, M]`.
  ///
  /// @param given c of each condition, `[B, D_c]`
  Var forward(Var x, List<Var> given, Activation activation, Mode mode) {
    Var h;
    if (config.generated == Generated.FULL) {
      h = factors.getFirst().forward(x, given, mode); //      [B, M]  (APG-2)
    } else {
      h = product(x, given, mode); //                         [B, M]  (APG-4)
    }
    h = bias == null ? h : h.add(x.tape().use(bias));
    h = biases == null ? h : h.add(biases.forward(given, mode));
    return Activations.apply(activation, h); //               [B, M]
  }

  /// ((x V) S) U
  private Var product(Var x, List<Var> given, Mode mode) {
    boolean folds = !mode.training() && config.inner == Activation.IDENTITY;
    Var h = x;
    for (int i = 0; i < factors.size(); i++) {
      Factor f = factors.get(i);
      boolean pair = folds && i + 1 < factors.size();
      if (pair && f.weight != null && factors.get(i + 1).weight != null) {
        h = folded(h, f, factors.get(++i)); //                [B, n]  (APG-5)
      } else {
        h = f.forward(h, given, mode); //                     [B, n]  (APG-3)
      }
      if (i < factors.size() - 1) {
        h = Activations.apply(config.inner, h);
      }
    }
    return h;
  }

  /// x (F G) + (b G + a) of two shared factors: (x F + b) G + a.
  private static Var folded(Var x, Factor first, Factor second) {
    Tape tape = x.tape();
    Var g = tape.use(second.weightOf());
    Var y = x.matmul(tape.use(first.weightOf()).matmul(g)); // [B, out]
    DenseParameter b = first.constants.shared;
    if (b != null) {
      y = y.add(tape.use(b).unsqueeze(0).matmul(g)); //        [B, out]
    }
    DenseParameter a = second.constants.shared;
    return a == null ? y : y.add(tape.use(a));
  }
}
