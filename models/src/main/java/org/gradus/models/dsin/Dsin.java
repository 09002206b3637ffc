// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.BiLstm;
import org.gradus.layers.Linear;
import org.gradus.layers.Lstm;
import org.gradus.layers.Mlp;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **DSIN** — Feng, Lv, Shen, Wang, Sun, Zhu, Yang. IJCAI 2019, [arXiv:1905.06482](https://arxiv.org/abs/1905.06482)
///
/// ```
/// I_k = mean over real steps of G_k                                    (DSIN-1) … (DSIN-5)
/// H   = BiLSTM(I_1, …, I_K), over real sessions                         (DSIN-6)
/// U^I = Σ_k a_k I_k,  a = softmax over real sessions of I_k W^I x_Iᵀ    (DSIN-7)
/// U^H = Σ_k b_k H_k,  b = softmax over real sessions of H_k W^H x_Iᵀ    (DSIN-8)
/// z   = MLP([fields, x_I among them; U^I; U^H; numbers])                (DSIN-9)
/// ```
///
/// x_I is the candidate. (DSIN-1) to (DSIN-5) are in [SessionPositions] and [InterestExtractor], the scores of (DSIN-7) and
/// (DSIN-8) in [InterestActivation]. Without fields of sessions DSIN is embeddings and a tower.
///
/// Departs from the paper in three places: one logit stands for the two units of its softmax, whose difference it is; the
/// sigmoid lives in the loss; the LSTM has peepholes, which the paper prints, only if asked for.
public final class Dsin implements Model {

  /// `PAPER` takes what the paper leaves open from the authors' program: 8 heads of width 1, a BiLSTM of two layers, 200 and 80
  /// units above.
  ///
  /// @param embeddingDim width of an embedding; with several columns a step has as many of them
  /// @param extractor what makes an interest of a session
  /// @param lstm what lets interests follow one another
  /// @param activation what sums them
  /// @param tower what reads them
  public record Config(
      int embeddingDim,
      InterestExtractor.Config extractor,
      SessionLstm lstm,
      InterestActivation.Config activation,
      Tower tower) {
    /// The setting of the paper and of the authors' program.
    public static final Config PAPER =
        new Config(
            8,
            new InterestExtractor.Config(
                SessionPositions.Kind.BIAS_ENCODING,
                8,
                Scale.D_HEAD,
                Projection.FULL_THEN_SPLIT,
                new InterestExtractor.Sublayers(true, true, true, false)),
            new SessionLstm(2, 0, 0.2, false, Merge.SUM),
            new InterestActivation.Config(InterestActivation.Score.BILINEAR, List.of(64, 16)),
            new Tower(List.of(200, 80), Mlp.Style.RELU));
  }

  /// How the two directions of the LSTM become one. The paper's sign can be read as either of the first two.
  public enum Merge {
    /// F + R
    SUM,
    /// `[F, R]`
    CONCAT,
    /// (F + R)/2
    AVERAGE;

    private BiLstm.Merge ofLayer() {
      return switch (this) {
        case SUM -> BiLstm.Merge.SUM;
        case CONCAT -> BiLstm.Merge.CONCAT;
        case AVERAGE -> BiLstm.Merge.AVERAGE;
      };
    }
  }

  /// What lets interests follow one another.
  ///
  /// @param layers how many
  /// @param residualLayers how many of the last ones add what stands below them
  /// @param dropout share of the inputs of a layer dropped
  /// @param peephole whether gates see the cell
  /// @param merge how the two directions become one
  public record SessionLstm(
      int layers, int residualLayers, double dropout, boolean peephole, Merge merge) {
    private BiLstm.Config ofLayer() {
      Lstm.Config cell = Lstm.Config.PLAIN.withPeephole(peephole).withDropout(dropout, 0);
      return new BiLstm.Config(
          layers, residualLayers, merge.ofLayer(), BiLstm.Stacking.INDEPENDENT, cell);
    }
  }

  /// What reads the interests.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  /// The part that reads sessions.
  private record Sessions(
      SessionHistory history,
      InterestExtractor extractor,
      BiLstm lstm,
      InterestActivation ofInterests,
      InterestActivation ofStates) {
    /// U, vectors of sessions summed by their weights.
    Var activated(
        InterestActivation by, SessionHistory.Looked h, Var vectors, Tensor mask, Mode mode) {
      Var w = by.weights(h.candidate(), vectors, mask, mode); //           [B, K]
      mode.watch(by.path(), history.names(), w, mask);
      return w.weightedSum(vectors); //                                    [B, D or 2D]
    }
  }

  private final FieldEmbeddings v;
  private final @Nullable Sessions sessions;
  private final Mlp deep;
  private final Linear out; // [h, 1]
  private final Target target;

  /// A model for the only label of the schema.
  ///
  /// @param columns the fields of sessions, step by step about the same; none for all of the schema
  public Dsin(Config config, List<String> columns, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    int width = v.count() * dim + schema.dense().size();
    List<String> all = schema.all(Field.Sessions.class).stream().map(Field::name).toList();
    List<String> read = columns.isEmpty() ? all : columns;
    if (read.isEmpty()) {
      sessions = null;
    } else {
      SessionHistory history = new SessionHistory(read, schema, v);
      int d = history.columns() * dim;
      BiLstm lstm = new BiLstm(d, d, config.lstm.ofLayer(), params.at("lstm"));
      Params p = params.at("activation");
      sessions =
          new Sessions(
              history,
              new InterestExtractor(
                  d, history.maxSessions(), history.maxLength(), config.extractor, params),
              lstm,
              new InterestActivation(d, d, config.activation, p.at("interests")),
              new InterestActivation(lstm.out(), d, config.activation, p.at("states")));
      width += d + lstm.out();
    }
    deep = new Mlp(width, config.tower.hidden, config.tower.style, params.at("deep"));
    out = new Linear(deep.out(), 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                                      [B, F, D/C]
    List<Var> parts = new ArrayList<>();
    parts.add(e.flatten(1)); //                                            [B, F·D/C]
    if (sessions != null) {
      parts.addAll(interests(sessions, e, batch, mode));
    }
    int numbers = batch.schema().dense().size();
    if (numbers > 0) {
      parts.add(tape.constant(Shape.of(batch.size(), numbers), batch.dense()));
    }
    Var x = Var.concat(1, parts); //                                       [B, width]
    Var z = out.forward(deep.forward(x, mode)).squeeze(1); //              [B]  (DSIN-9)
    return target.outputs(z);
  }

  /// U^I `[B, D]` and U^H `[B, D or 2D]`.
  private static List<Var> interests(Sessions s, Var e, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    SessionHistory.Looked h = s.history.lookup(e, batch, mode); //         Q [B, K, T, D]
    Var interests = s.extractor.forward(h.steps(), h.lengths(), mode); //  [B, K, D]  (DSIN-5)
    Tensor counts = tape.scope().upload(Shape.of(batch.size()), h.counts());
    Var states = s.lstm.forward(interests, counts, mode).merged(); //      [B, K, D or 2D]  (DSIN-6)
    Tensor mask = Masks.sequenceMask(tape.scope(), h.counts(), interests.size(1)); // [B, K]
    return List.of(
        s.activated(s.ofInterests, h, interests, mask, mode), //           (DSIN-7)
        s.activated(s.ofStates, h, states, mask, mode)); //                (DSIN-8)
  }
}
