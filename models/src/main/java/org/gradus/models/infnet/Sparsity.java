// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.Arrays;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// How the scores of an attention become weights.
///
/// ```
/// SOFTMAX              α_j = e^{s_j} / Σ_k e^{s_k}
/// ENTROPY              the same, with a penalty on the mean of H = −Σ_j α_j ln α_j        (IN-20)
/// NORMALIZED_ENTROPY   H / ln n of n real keys instead; 0 of one                          (IN-20)
/// SPARSEMAX            α_j = max(s_j − τ, 0), τ such that they sum to 1                   (IN-21)
/// TOP_K                a softmax over the k largest scores
/// ```
///
/// The first is the paper's. A penalty on Σ|α_j|, which has been proposed, is none: on weights that are not negative and sum to 1 it is
/// 1. (IN-21): Martins, Astudillo, ICML 2016, [arXiv:1602.02068](https://arxiv.org/abs/1602.02068). Which keys have weight in
/// `SPARSEMAX` and `TOP_K` is decided on the host: on a GPU the attention waits for its scores. For `TOP_K` scores that differ by
/// roundings are equal ([#least]).
///
/// @param kind which
/// @param topK k, for `TOP_K`
public record Sparsity(Kind kind, int topK) {
  /// The paper's.
  public static final Sparsity SOFTMAX = new Sparsity(Kind.NONE, 0);

  /// By less than this share of the largest magnitude of a row roundings of float32 make scores differ, and hardly anything else does.
  private static final double ROUNDING = 1e-5;

  /// How.
  public enum Kind {
    /// a softmax
    NONE,
    /// a softmax with low entropy
    ENTROPY,
    /// the same for any number of keys
    NORMALIZED_ENTROPY,
    /// the nearest point of the simplex
    SPARSEMAX,
    /// a softmax over the largest scores
    TOP_K
  }

  /// Checks the range.
  public Sparsity {
    if (kind == Kind.TOP_K && topK < 1) {
      throw new IllegalArgumentException(
          "infnet: the " + topK + " largest scores. Expected at least 1.");
    }
  }

  /// Weights, and what to penalise.
  ///
  /// @param alpha of the shape of the scores, 0 at padding
  /// @param entropy the mean of H over queries and heads, `[]`, or null
  record Weights(Var alpha, @Nullable Var entropy) {}

  /// The weights of scores `[B, …, n]`.
  ///
  /// @param mask `[B, n]`, true at real keys; null when all are
  Weights weights(Var scores, @Nullable Tensor mask) {
    Tensor real = mask == null ? null : beside(scores, mask);
    return switch (kind) {
      case NONE -> new Weights(softmax(scores, real), null);
      case ENTROPY, NORMALIZED_ENTROPY -> {
        Var alpha = softmax(scores, real);
        Var log = real == null ? scores.logSoftmax() : scores.logSoftmax(real);
        Var h = alpha.multiply(log).sum(-1).negate(); //   [B, …, m]; 0 · ln 0 is 0 · 0 here
        Var shares = kind == Kind.ENTROPY ? h : h.multiply(perKeys(h, scores, mask));
        yield new Weights(alpha, shares.mean()); //         (IN-20)
      }
      case SPARSEMAX -> new Weights(sparsemax(scores, mask), null);
      case TOP_K -> {
        boolean[] chosen = rows(scores, mask, this::largest);
        yield new Weights(
            scores.softmax(scores.tape().scope().upload(scores.shape(), chosen)), null);
      }
    };
  }

  private static Var softmax(Var scores, @Nullable Tensor real) {
    return real == null ? scores.softmax() : scores.softmax(real);
  }

  /// `[B, n]` → `[B, 1, …, n]`
  private static Tensor beside(Var scores, Tensor mask) {
    Shape shape = mask.shape();
    while (shape.rank() < scores.shape().rank()) {
      shape = shape.insert(1, 1);
    }
    return scores.tape().scope().reshape(mask, shape);
  }

  /// 1 / ln n for every row of `h`, n its number of real keys; 1 for n up to 1, where H is 0.
  private static Var perKeys(Var h, Var scores, @Nullable Tensor mask) {
    int n = scores.size(-1);
    double[] factors = new double[h.value().elements()];
    boolean[] real = mask == null ? null : mask.toBooleans();
    int each = factors.length / scores.size(0); // rows of an example
    for (int row = 0; row < factors.length; row++) {
      int count = n;
      if (real != null) {
        count = 0;
        for (int j = 0; j < n; j++) {
          count += real[row / each * n + j] ? 1 : 0;
        }
      }
      factors[row] = count > 1 ? 1 / StrictMath.log(count) : 1;
    }
    return h.tape().constant(h.shape(), factors);
  }

  /// The keys of each row that count.
  @FunctionalInterface
  private interface Choice {
    /// @param s the scores of a row
    /// @param real which keys are real; those that do not count become false
    void of(double[] s, boolean[] real);
  }

  private static boolean[] rows(Var scores, @Nullable Tensor mask, Choice choice) {
    double[] s = scores.value().toDoubles();
    boolean[] real = mask == null ? null : mask.toBooleans();
    int n = scores.size(-1);
    int each = s.length / scores.size(0); // numbers of an example
    boolean[] chosen = new boolean[s.length];
    for (int from = 0; from < s.length; from += n) {
      boolean[] row = new boolean[n];
      if (real == null) {
        Arrays.fill(row, true);
      } else {
        System.arraycopy(real, from / each * n, row, 0, n);
      }
      choice.of(Arrays.copyOfRange(s, from, from + n), row);
      System.arraycopy(row, 0, chosen, from, n);
    }
    return chosen;
  }

  /// The least that is among the k largest of some scores. Those of equal steps, or of whoever asks nothing, are equal by their law, and
  /// differ by roundings, on each device by others: they count alike.
  ///
  /// @param falling scores from the largest down, k or more
  static double least(double[] falling, int k) {
    double largest = Math.max(Math.abs(falling[0]), Math.abs(falling[falling.length - 1]));
    return falling[k - 1] - ROUNDING * largest;
  }

  /// Keeps the k largest real scores, and those that equal the last of them: whoever asks nothing hears everybody alike, whatever their
  /// order.
  private void largest(double[] s, boolean[] real) {
    double[] falling = falling(s, real);
    if (falling.length > topK) {
      double least = least(falling, topK);
      for (int j = 0; j < s.length; j++) {
        real[j] &= s[j] >= least;
      }
    }
  }

  /// The real scores from the largest down.
  private static double[] falling(double[] s, boolean[] real) {
    double[] rising = new double[s.length];
    int n = 0;
    for (int j = 0; j < s.length; j++) {
      if (real[j]) {
        rising[n++] = s[j];
      }
    }
    return falling(Arrays.copyOf(rising, n));
  }

  /// Scores from the largest down.
  static double[] falling(double[] s) {
    double[] falling = s.clone();
    Arrays.sort(falling);
    for (int i = 0, j = falling.length - 1; i < j; i++, j--) {
      double held = falling[i];
      falling[i] = falling[j];
      falling[j] = held;
    }
    return falling;
  }

  /// Keeps the scores above τ: the j-th largest is, if 1 + j s_(j) exceeds the sum of the j largest.
  private static void support(double[] s, boolean[] real) {
    double[] falling = falling(s, real);
    double sum = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int j = 0; j < falling.length; j++) {
      sum += falling[j];
      if (1 + (j + 1) * falling[j] > sum) {
        least = falling[j];
      }
    }
    for (int j = 0; j < s.length; j++) {
      real[j] &= s[j] >= least;
    }
  }

  /// The Euclidean projection of every row on the simplex of its real keys (IN-21); its Jacobian on the support is 1 − 11ᵀ/|support|.
  static Var sparsemax(Var scores, @Nullable Tensor mask) {
    Scope scope = scores.tape().scope();
    boolean[] support = rows(scores, mask, Sparsity::support);
    int n = scores.size(-1);
    double[] share = new double[support.length / n];
    for (int i = 0; i < support.length; i++) {
      share[i / n] += support[i] ? 1 : 0;
    }
    for (int row = 0; row < share.length; row++) {
      share[row] = 1 / Math.max(1, share[row]);
    }
    Tensor counted = scope.upload(scores.shape(), support);
    Shape rows = scores.shape().with(-1, 1);
    Var tau =
        scores
            .keepWhere(counted)
            .sum(-1, true)
            .add(-1)
            .multiply(scores.tape().constant(rows, share));
    Var alpha = scores.subtract(tau).relu(); //                 (IN-21)
    return mask == null ? alpha : alpha.keepWhere(beside(scores, mask));
  }
}
