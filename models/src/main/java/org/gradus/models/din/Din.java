// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.din;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.History;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Linear;
import org.gradus.layers.LocalActivationUnit;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;

/// **DIN** — Zhou, Song, Zhu, Fan, Zhu, Ma, Yan, Jin, Li, Gai. KDD 2018, [arXiv:1706.06978](https://arxiv.org/abs/1706.06978)
///
/// ```
/// z_t = [a, e_t, a − e_t, a ⊙ e_t]                           (DIN-1)
/// s_t = MLP_att(z_t)                                         (DIN-2)
/// w_t = s_t at real steps, 0 at padding, or their softmax     (DIN-3)
/// v   = Σ_t w_t e_t                                          (DIN-4)
/// x   = [fields, a among them; v of every history; numbers]   (DIN-5)
/// z   = MLP(x)                                               (DIN-6)
/// ```
///
/// a is the candidate, e_t what the user did at step t, in the candidate's table. A history of several columns (item and
/// category) puts their vectors side by side; several histories (clicks, purchases) have a unit and a v each. Without a
/// history DIN is the paper's base model without behaviours: embeddings and a tower.
///
/// Departs from the paper in five places: one logit stands for the two units of its softmax, whose difference it is; the
/// sigmoid lives in the loss; x begins with the fields in the schema's order, where the paper begins with v; under a
/// softmax the activation unit has no last bias, which would cancel; and moving statistics of Dice follow with weight 0.01,
/// which the paper leaves open.
public final class Din implements Model {

  /// `PAPER` is the industrial setting: D = 12, 36 units in the activation unit, 200 and 80 above it, Dice.
  ///
  /// @param embeddingDim D
  /// @param pooling how a history becomes a vector
  /// @param attention the activation unit, for [Pooling#ATTENTION]
  /// @param alsoSumPool whether Σ_t e_t stands in x beside v
  /// @param tower what reads x
  public record Config(
      int embeddingDim,
      Pooling pooling,
      LocalActivationUnit.Config attention,
      boolean alsoSumPool,
      Tower tower) {
    /// The setting of the paper.
    public static final Config PAPER =
        new Config(
            12,
            Pooling.ATTENTION,
            LocalActivationUnit.Config.PAPER,
            false,
            new Tower(List.of(200, 80), AdaptiveMlp.Style.of(AdaptiveMlp.Activation.DICE)));
  }

  /// How a history becomes a vector.
  public enum Pooling {
    /// DIN
    ATTENTION,
    /// Σ_t e_t: the paper's base model
    SUM,
    /// the mean of the real e_t
    MEAN
  }

  /// What reads x.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, AdaptiveMlp.Style style) {}

  private final FieldEmbeddings v;
  private final List<History> histories;
  private final List<LocalActivationUnit> units = new ArrayList<>(); // one per history
  private final AdaptiveMlp deep;
  private final Linear out; //                                          [h, 1]
  private final Config config;
  private final Target target;

  /// A model for the only label of the schema.
  ///
  /// @param columns the sequences of each history; when there are none, every sequence is a history of its own
  public Din(Config config, List<List<String>> columns, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    int width = v.count() * dim + schema.dense().size();
    histories = History.all(columns, schema, v);
    for (History history : histories) {
      int pooled = history.width();
      width += config.alsoSumPool ? 2 * pooled : pooled;
      if (config.pooling == Pooling.ATTENTION) {
        Params p = params.at("attention").at(history.name());
        units.add(new LocalActivationUnit(pooled, config.attention, p));
      }
    }
    deep = new AdaptiveMlp(width, config.tower.hidden, config.tower.style, params.at("deep"));
    out = new Linear(deep.out(), 1, params.at("out"));
    this.config = config;
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                                      [B, F, D]
    List<Var> parts = new ArrayList<>();
    parts.add(e.flatten(1)); //                                            [B, F·D]
    for (int i = 0; i < histories.size(); i++) {
      History history = histories.get(i);
      History.Looked h = history.lookup(e, batch, mode); //                [B, T, C·D]
      switch (config.pooling) {
        case ATTENTION -> {
          LocalActivationUnit unit = units.get(i);
          Var w = unit.weights(h.candidate(), h.steps(), h.mask(), mode); // [B, T]  (DIN-3)
          mode.watch(unit.path(), history.columns(), w, h.mask());
          parts.add(w.weightedSum(h.steps())); //                          [B, C·D]  (DIN-4)
        }
        case SUM -> parts.add(h.sum());
        case MEAN -> parts.add(h.mean());
      }
      if (config.alsoSumPool) {
        parts.add(h.sum()); //                                             [B, C·D]
      }
    }
    int numbers = batch.schema().dense().size();
    if (numbers > 0) {
      parts.add(tape.constant(Shape.of(batch.size(), numbers), batch.dense()));
    }
    Var x = Var.concat(1, parts); //                                       [B, width]  (DIN-5)
    Var z = out.forward(deep.forward(x, null, mode)).squeeze(1); //        [B]  (DIN-6)
    return target.outputs(z);
  }
}
