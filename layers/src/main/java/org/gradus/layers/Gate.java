// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Mixes what experts say, by shares that depend on the example:
///
/// ```
/// a = mlp(x) W + b
/// g = softmax(a)
/// h = Σ_k g_k e_k
/// ```
///
/// The share of one expert is 1 whatever the weights, so a gate over one expert has none, and hands it on.
public final class Gate {
  private final int experts;
  private final Config config;
  private final String path;
  private final @Nullable Mlp hidden;
  private final @Nullable DenseParameter weight; // [n, E]
  private final @Nullable DenseParameter bias; //   [E]

  /// What a user may set.
  ///
  /// @param hidden sizes of the layers in front of W; none for a linear gate
  /// @param bias whether there is b
  /// @param dropout share of experts left out in training, example by example, the others sharing what is theirs; one always stays
  /// @param topK how many experts an example hears, those with the largest a; 0 for all
  public record Config(List<Integer> hidden, boolean bias, double dropout, int topK) {
    /// a = x W over all experts, as in the papers.
    public static final Config LINEAR = new Config(List.of(), false, 0, 0);

    /// Checks the ranges.
    public Config {
      hidden = List.copyOf(hidden);
      if (!(dropout >= 0 && dropout < 1) || topK < 0) {
        throw new IllegalArgumentException(
            "gate: dropout "
                + dropout
                + ", topK "
                + topK
                + ". Expected 0 ≤ dropout < 1, and topK of at least 0.");
      }
    }

    /// The same with layers in front of W.
    public Config withHidden(List<Integer> sizes) {
      return new Config(sizes, bias, dropout, topK);
    }
  }

  /// A gate that reads `in` numbers: layers `<i>`, `weight [n, E]` and `bias [E]` under `params`.
  public Gate(int in, int experts, Config config, Params params) {
    this.experts = experts;
    this.config = config;
    this.path = params.path();
    if (experts == 1) {
      hidden = null;
      weight = null;
      bias = null;
    } else {
      hidden = new Mlp(in, config.hidden, Mlp.Style.RELU, params);
      weight =
          params.weight("weight", Shape.of(hidden.out(), experts), Initializers.xavierUniform());
      bias = config.bias ? params.bias("bias", Shape.of(experts)) : null;
    }
  }

  /// h `[B, d]`. Tells of g whoever watches.
  ///
  /// @param x what the gate reads, `[B, in]`
  /// @param e what the experts say, `[B, E, d]`
  public Var mix(Var x, Var e, Mode mode) {
    Var g = shares(x, mode);
    if (g == null) {
      return e.index(1, 0);
    }
    mode.watch(path, List.of(), g, null);
    return g.weightedSum(e);
  }

  /// g `[B, E]`, or null for one expert.
  public @Nullable Var shares(Var x, Mode mode) {
    if (hidden == null || weight == null) {
      return null;
    }
    Tape tape = x.tape();
    Var a = hidden.forward(x, mode).matmul(tape.use(weight)); // [B, E]
    a = bias == null ? a : a.add(tape.use(bias));
    Tensor heard = heard(a, mode);
    return heard == null ? a.softmax() : a.softmax(heard);
  }

  /// Which experts each example hears, `[B, E]`; null for all.
  private @Nullable Tensor heard(Var a, Mode mode) {
    boolean drops = mode.training() && config.dropout > 0;
    boolean chooses = config.topK > 0 && config.topK < experts;
    if (!drops && !chooses) {
      return null;
    }
    boolean[] heard = new boolean[a.value().elements()];
    Arrays.fill(heard, true);
    if (drops) {
      drop(heard, mode.draw(path));
    }
    if (chooses) {
      choose(heard, a.value().toDoubles());
    }
    return a.tape().scope().upload(a.shape(), heard);
  }

  /// Where all were dropped, the one that came closest to staying does.
  private void drop(boolean[] heard, long key) {
    for (int row = 0; row < heard.length; row += experts) {
      int last = row;
      boolean any = false;
      for (int i = row; i < row + experts; i++) {
        heard[i] = Counter.uniform(key, i) >= config.dropout;
        any |= heard[i];
        last = Counter.uniform(key, i) > Counter.uniform(key, last) ? i : last;
      }
      heard[last] |= !any;
    }
  }

  /// Keeps the largest, of equal ones the first.
  private void choose(boolean[] heard, double[] a) {
    for (int row = 0; row < heard.length; row += experts) {
      boolean[] chosen = new boolean[experts];
      for (int k = 0; k < config.topK; k++) {
        int best = -1;
        for (int i = 0; i < experts; i++) {
          boolean open = heard[row + i] && !chosen[i];
          best = open && (best < 0 || a[row + i] > a[row + best]) ? i : best;
        }
        if (best >= 0) {
          chosen[best] = true;
        }
      }
      System.arraycopy(chosen, 0, heard, row, experts);
    }
  }
}
