// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Attention: a score says how relevant key k is to query q, and values are averaged by what becomes of the scores.
///
/// ```
/// DOT          s = q kᵀ                        (ATT-1)
/// SCALED_DOT   s = q kᵀ / √D                   (ATT-2)
/// BILINEAR     s = q W kᵀ                      (ATT-3)
/// ADDITIVE     s = tanh(q W_q + k W_k + b) vᵀ  (ATT-4)
/// CONCAT       s = tanh([q, k] W) vᵀ           (ATT-5)
/// COSINE       s = τ q kᵀ / (‖q‖ ‖k‖)          (ATT-6)
/// LOCATION     s = (q W_l)_t                   (ATT-7)
/// w = softmax of s over real keys, m σ(s), or m s
/// ```
///
/// (ATT-1), (ATT-3), (ATT-5), (ATT-7): Luong, Pham, Manning, EMNLP 2015, [arXiv:1508.04025](https://arxiv.org/abs/1508.04025);
/// (ATT-4): Bahdanau, Cho, Bengio, ICLR 2015, [arXiv:1409.0473](https://arxiv.org/abs/1409.0473); (ATT-2): Vaswani et al.,
/// NIPS 2017, [arXiv:1706.03762](https://arxiv.org/abs/1706.03762). The score by a small tower is [LocalActivationUnit].
///
/// A padded key has weight 0, whatever stands there; where no key is real all weights are 0. A query may be one per row,
/// `[B, D]`, or several, `[B, Q, D]`; weights and results then have the axis Q too.
///
/// (ATT-5) is (ATT-4) without b and with both matrices in one, and is computed as such.
public final class Attention {
  /// Added to ‖x‖² under the root, so that a vector of zeros has a direction, and a gradient that is finite.
  private static final double TINY = 1e-12;

  private final Score score;
  private final Normalization normalization;
  private final int query;
  private final int key;
  private final String path;
  private final @Nullable DenseParameter weight; // W [Dq, Dk], [Dq + Dk, A], [Dq, A] or [Dq, Tmax]
  private final @Nullable DenseParameter keys; //   W_k [Dk, A]
  private final @Nullable DenseParameter bias; //   b [A]
  private final @Nullable DenseParameter out; //    v [A, 1]

  /// How a score is found.
  public sealed interface Score {
    /// (ATT-1)
    record Dot() implements Score {}

    /// (ATT-2)
    record ScaledDot() implements Score {}

    /// (ATT-3)
    ///
    /// @param fromIdentity whether W starts as the identity, [Dot], instead of drawn as by Glorot and Bengio
    record Bilinear(boolean fromIdentity) implements Score {}

    /// (ATT-4)
    ///
    /// @param width A
    record Additive(int width) implements Score {}

    /// (ATT-5)
    ///
    /// @param width A
    record Concat(int width) implements Score {}

    /// (ATT-6)
    ///
    /// @param temperature τ
    record Cosine(double temperature) implements Score {}

    /// (ATT-7)
    ///
    /// @param longest the most keys that a row may have
    record Location(int longest) implements Score {}
  }

  /// What becomes of scores.
  public enum Normalization {
    /// shares of 1 over the real keys
    SOFTMAX,
    /// each between 0 and 1 on its own
    SIGMOID,
    /// nothing, but for 0 at padding
    NONE
  }

  /// Attention of queries `[…, query]` to keys `[…, key]`.
  ///
  /// @param query Dq
  /// @param key Dk
  public Attention(int query, int key, Score score, Normalization normalization, Params params) {
    this.query = query;
    this.key = key;
    this.score = score;
    this.normalization = normalization;
    this.path = params.path();
    boolean sameWidth =
        score instanceof Score.Dot
            || score instanceof Score.ScaledDot
            || score instanceof Score.Cosine
            || (score instanceof Score.Bilinear(boolean identity) && identity);
    if (query < 1 || key < 1 || (sameWidth && query != key)) {
      throw new IllegalArgumentException(
          path
              + ": attention of queries of "
              + query
              + " numbers to keys of "
              + key
              + " by "
              + score
              + ". Expected at least 1 each, and as many for a product of the two; Bilinear takes"
              + " any.");
    }
    Initializer glorot = Initializers.xavierUniform();
    weight =
        switch (score) {
          case Score.Dot _, Score.ScaledDot _, Score.Cosine _ -> null;
          case Score.Bilinear(boolean identity) ->
              params.weight("weight", Shape.of(query, key), identity ? identity() : glorot);
          case Score.Additive(int a) -> params.weight("query", Shape.of(query, a), glorot);
          case Score.Concat(int a) -> params.weight("weight", Shape.of(query + key, a), glorot);
          case Score.Location(int longest) ->
              params.weight("weight", Shape.of(query, longest), glorot);
        };
    boolean additive = score instanceof Score.Additive;
    int hidden =
        score instanceof Score.Additive(int a) ? a : score instanceof Score.Concat(int c) ? c : 0;
    keys = additive ? params.weight("key", Shape.of(key, hidden), glorot) : null;
    bias = additive ? params.bias("bias", Shape.of(hidden)) : null;
    out = hidden > 0 ? params.weight("out", Shape.of(hidden, 1), glorot) : null;
  }

  private static Initializer identity() {
    return (values, first, fans, _) -> {
      for (int i = 0; i < values.length; i++) {
        long place = first + i;
        values[i] = place / fans.out() == place % fans.out() ? 1 : 0;
      }
    };
  }

  /// Where the parameters are, and what watchers are told.
  public String path() {
    return path;
  }

  /// The values averaged by weight, `[B, Dv]` or `[B, Q, Dv]`.
  ///
  /// @param q `[B, Dq]` or `[B, Q, Dq]`
  /// @param k `[B, T, Dk]`, finite at padding too
  /// @param values `[B, T, Dv]`, finite at padding too
  /// @param mask `[B, T]`, true at real keys
  public Var forward(Var q, Var k, Var values, Tensor mask) {
    Var w = weights(q, k, mask);
    return w.shape().rank() == 2 ? w.weightedSum(values) : w.matmul(values);
  }

  /// w `[B, T]` or `[B, Q, T]`; 0 at padding.
  public Var weights(Var q, Var k, Tensor mask) {
    Var s = scores(q, k);
    Scope scope = s.tape().scope();
    Shape m = mask.shape();
    Tensor real = s.shape().rank() == 2 ? mask : scope.reshape(mask, m.insert(1, 1));
    return switch (normalization) {
      case SOFTMAX -> s.softmax(real);
      case SIGMOID -> s.sigmoid().keepWhere(real);
      case NONE -> s.keepWhere(real);
    };
  }

  /// s `[B, T]` or `[B, Q, T]`, which nobody may read at padding.
  public Var scores(Var q, Var k) {
    int rank = q.shape().rank();
    if (rank < 2
        || rank > 3
        || k.shape().rank() != 3
        || q.size(-1) != query
        || k.size(2) != key
        || q.size(0) != k.size(0)) {
      throw new IllegalArgumentException(
          path
              + ": attention of queries "
              + q.shape()
              + " to keys "
              + k.shape()
              + ". Expected [B, "
              + query
              + "] or [B, Q, "
              + query
              + "], and [B, T, "
              + key
              + "].");
    }
    return rank == 3 ? ofSeveral(q, k) : ofSeveral(q.unsqueeze(1), k).squeeze(1);
  }

  /// q `[B, Q, Dq]`, k `[B, T, Dk]` → `[B, Q, T]`
  private Var ofSeveral(Var q, Var k) {
    return switch (score) {
      case Score.Dot _ -> q.matmul(k, false, true); //                               (ATT-1)
      case Score.ScaledDot _ ->
          q.matmul(k, false, true).multiply(1 / Math.sqrt(key)); //                  (ATT-2)
      case Score.Bilinear _ -> q.matmul(use(q, weight)).matmul(k, false, true); //   (ATT-3)
      case Score.Additive _ ->
          hidden(q.matmul(use(q, weight)).add(use(q, bias)), k.matmul(use(q, keys))); // (ATT-4)
      case Score.Concat _ -> {
        Var w = use(q, weight);
        yield hidden(
            q.matmul(w.slice(0, 0, query)), k.matmul(w.slice(0, query, query + key))); // (ATT-5)
      }
      case Score.Cosine(double t) ->
          direction(q).matmul(direction(k), false, true).multiply(t); //             (ATT-6)
      case Score.Location(int longest) -> {
        if (k.size(1) > longest) {
          throw new IllegalArgumentException(
              path
                  + ": "
                  + k.size(1)
                  + " keys. Expected at most "
                  + longest
                  + ", or another score.");
        }
        yield q.matmul(use(q, weight)).slice(2, 0, k.size(1)); //                    (ATT-7)
      }
    };
  }

  private static Var use(Var beside, @Nullable DenseParameter parameter) {
    if (parameter == null) {
      throw new IllegalStateException("attention: a parameter that the score does not have.");
    }
    return beside.tape().use(parameter);
  }

  /// tanh(q + k) vᵀ of q `[B, Q, A]` and k `[B, T, A]`.
  private Var hidden(Var q, Var k) {
    Var h = q.unsqueeze(2).add(k.unsqueeze(1)).tanh(); // [B, Q, T, A]
    return h.matmul(use(q, out)).squeeze(3); //           [B, Q, T]
  }

  /// x / √(‖x‖² + 1e-12)
  private static Var direction(Var x) {
    return x.multiply(x.square().sum(2, true).add(TINY).rsqrt());
  }
}
