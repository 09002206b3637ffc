// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.History;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Linear;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The auxiliary loss of DIEN: the state after step t shall tell what was done at step t + 1 from what was not.
///
/// ```
/// c⁺_t = score(h_t, e_{t+1}),  c⁻_t = score(h_t, ê_{t+1})        (DIEN-2)
/// ℓ_t  = m_{t+1} [ ln(1 + e^−c⁺_t) + ln(1 + e^c⁻_t) ]            (DIEN-3)
/// L    = 1/Z Σ_b Σ_t ℓ_{b,t}                                     (DIEN-4)
/// ```
///
/// Of several negatives the mean of their terms counts. One net scores behaviours and negatives: with a net for each, both
/// could answer without a look at the state. A step that every other step of the batch equals has no negative and counts as no pair.
public final class AuxiliaryLoss {
  private final Config config;
  private final History history;
  private final Negatives negatives;
  private final String path;
  private final @Nullable DenseParameter weight; // W_aux [H, D], unless H = D
  private final @Nullable AdaptiveMlp tower;
  private final @Nullable Linear out;

  /// How a state is held against a behaviour.
  public enum Score {
    /// h eᵀ; h W_aux eᵀ where their widths differ (the paper)
    INNER_PRODUCT,
    /// a tower on `[h, e]` (the authors' program)
    MLP,
    /// not at all: there is no auxiliary loss
    NONE
  }

  /// What the sum over pairs is divided by.
  public enum Normalizer {
    /// B, rows without pairs counted too (the paper)
    PER_SEQUENCE,
    /// the number of pairs
    PER_PAIR,
    /// twice the number of pairs: each has two terms
    PER_TERM,
    /// B (T − 1), whatever is padding (the authors' program): the loss of a row depends on the longest row of its batch
    PADDED
  }

  /// What a user may set.
  ///
  /// @param score how a state is held against a behaviour
  /// @param hidden sizes of the layers of the tower before the last, which has one unit
  /// @param normalizer Z
  /// @param source where negatives come from
  /// @param negatives n, for each behaviour
  public record Config(
      Score score,
      List<Integer> hidden,
      Normalizer normalizer,
      Negatives.Source source,
      int negatives) {
    /// The paper's loss; negatives are steps of the batch, and 100 and 50 units the sizes of the authors' program.
    public static final Config PAPER =
        new Config(
            Score.INNER_PRODUCT,
            List.of(100, 50),
            Normalizer.PER_SEQUENCE,
            Negatives.Source.BATCH,
            1);
  }

  /// @param states H
  AuxiliaryLoss(History history, int states, Config config, Params params) {
    this.config = config;
    this.history = history;
    negatives = new Negatives(history, config.source, config.negatives);
    path = params.path();
    boolean maps = config.score == Score.INNER_PRODUCT && states != history.width();
    weight =
        maps
            ? params.weight(
                "weight", Shape.of(states, history.width()), Initializers.xavierUniform())
            : null;
    boolean deep = config.score == Score.MLP;
    AdaptiveMlp.Style sigmoids = AdaptiveMlp.Style.of(AdaptiveMlp.Activation.SIGMOID);
    tower =
        deep ? new AdaptiveMlp(states + history.width(), config.hidden, sigmoids, params) : null;
    out = tower == null ? null : new Linear(tower.out(), 1, params.at("out"));
  }

  /// L, a scalar; 0 when the batch has no pair. Draws negatives.
  ///
  /// @param states h `[B, T, H]`, finite at padding too
  Var of(Var states, History.Looked looked, Mode mode) {
    long key = mode.draw(path);
    Scope scope = mode.tape().scope();
    return of(states, looked, negatives.draw(looked.ids(), states.size(1), key, scope), mode);
  }

  /// As above, with these negatives.
  Var of(Var states, History.Looked looked, Negatives.Drawn drawn, Mode mode) {
    Tape tape = mode.tape();
    if (drawn.count() == 0) {
      return tape.constant(Shape.scalar(), 0f);
    }
    int rows = states.size(0);
    int time = states.size(1);
    Shape places = Shape.of(rows, time - 1);
    Var h = mapped(states.slice(1, 0, time - 1)).unsqueeze(2); //      [B, T−1, 1, H]
    Var e = looked.steps().slice(1, 1, time).unsqueeze(2); //          [B, T−1, 1, D]
    Shape several = places.insert(2, config.negatives);
    Var other = history.vectors(several, drawn.ids(), mode); //        [B, T−1, n, D]
    Var hit = score(h, e, mode).squeeze(2); //                         [B, T−1]  (DIEN-2)
    Var miss = score(h, other, mode); //                               [B, T−1, n]  (DIEN-2)
    Var terms = hit.negate().softplus().add(miss.softplus().mean(2)); // [B, T−1]  (DIEN-3)
    Tensor pairs = tape.scope().upload(places, drawn.pairs());
    return terms.keepWhere(pairs).sum().multiply(1 / z(rows, time, drawn.count())); // [] (DIEN-4)
  }

  private double z(int rows, int time, int pairs) {
    return switch (config.normalizer) {
      case PER_SEQUENCE -> rows;
      case PER_PAIR -> pairs;
      case PER_TERM -> 2.0 * pairs;
      case PADDED -> (double) rows * (time - 1);
    };
  }

  /// h W_aux, where there is one.
  private Var mapped(Var h) {
    return weight == null ? h : h.matmul(h.tape().use(weight));
  }

  /// h `[B, T−1, 1, H]` and e `[B, T−1, n, D]` → `[B, T−1, n]`
  private Var score(Var h, Var e, Mode mode) {
    if (tower == null || out == null) {
      return h.multiply(e).sum(3);
    }
    Var each = h.expand(e.shape().with(3, h.size(3))); //              [B, T−1, n, H]
    Var z = Var.concat(3, List.of(each, e)); //                        [B, T−1, n, H + D]
    return out.forward(tower.forward(z, null, mode)).squeeze(3);
  }
}
