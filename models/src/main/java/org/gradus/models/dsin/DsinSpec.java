// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.dsin.Dsin.Config;
import org.gradus.models.dsin.InterestActivation.Score;
import org.jspecify.annotations.Nullable;

/// `--model dsin`.
public final class DsinSpec implements ModelSpec {
  @Override
  public String name() {
    return "dsin";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Session Interest Network for Click-Through Rate Prediction",
        "Y. Feng, F. Lv, W. Shen et al.",
        2019,
        "IJCAI",
        "https://arxiv.org/abs/1905.06482");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    InterestExtractor.Config x = p.extractor();
    InterestExtractor.Sublayers s = x.sublayers();
    Dsin.SessionLstm l = p.lstm();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(4), "width of an embedding"),
        Option.words(
            "sessions",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "fields of sessions that are columns of the same steps; none: all of them"),
        Option.choice("positions", x.positions(), "what tells steps apart"),
        Option.integer("heads", x.heads(), List.of(2, 1), "heads of the attention"),
        Option.choice("attScale", x.scale(), "whose width's root divides scores"),
        Option.choice("headProjection", x.projection(), "what a head projects"),
        Option.flag("useResidual", s.residual(), "what goes into a sublayer is added"),
        Option.flag("useLayerNorm", s.layerNorm(), "layer norm after each sublayer"),
        Option.flag("useFfn", s.ffn(), "a feed-forward network after the attention"),
        Option.flag("blindDiagonal", s.blindDiagonal(), "no step attends to itself"),
        Option.integer("lstmLayers", l.layers(), List.of(1, 2), "layers of the BiLSTM"),
        Option.integer(
            "lstmResidual", l.residualLayers(), List.of(0, 1), "last ones that are residual"),
        Option.real("lstmDropout", l.dropout(), List.of(0.0, 0.3), "share of its inputs dropped"),
        Option.flag("lstmPeephole", l.peephole(), "gates see the cell"),
        Option.choice("lstmMerge", l.merge(), "how its two directions become one"),
        Option.choice("activation", p.activation().score(), "where weights of sessions come from"),
        Option.integers(
            "activationHidden", p.activation().hidden(), List.of("3", "4,2"), "sizes of DIN_MLP"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.flag("batchNorm", false, "batch norm in the tower"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer of the tower"));
  }

  /// Sessions of the candidate's items, a user, and a number.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Categorical("user", 5),
        new Field.Categorical("item", 7),
        new Field.Sessions("visits", 7, "item", 3, 3),
        new Field.Label("click", Field.LabelKind.BINARY));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return s.choice("activation", Score.class) == Score.DIN_MLP
            && s.choice("lstmMerge", Dsin.Merge.class) == Dsin.Merge.CONCAT
        ? "dsin: activation DIN_MLP compares candidate and states number by number, and lstmMerge"
            + " CONCAT makes the states twice as wide. Expected lstmMerge SUM or AVERAGE, or"
            + " activation BILINEAR."
        : null;
  }

  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    if (s.flag("batchNorm")) {
      for (int l = 0; l < s.list("hidden").size(); l++) {
        zeros.put("deep/" + l + "/bias", "a bias before batch norm");
      }
    }
    return zeros;
  }

  @Override
  public @Nullable String misses(Settings s, Schema schema) {
    return schema.all(Field.Sessions.class).isEmpty()
        ? "no sessions in the data: this is embeddings and a tower, without interests"
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    Mlp.Style style =
        Mlp.Style.RELU.withDropout(s.real("dropout")).withBatchNorm(s.flag("batchNorm"));
    return new Dsin(
        new Config(
            s.integer("embeddingDim"),
            extractor(s),
            new Dsin.SessionLstm(
                s.integer("lstmLayers"),
                s.integer("lstmResidual"),
                s.real("lstmDropout"),
                s.flag("lstmPeephole"),
                s.choice("lstmMerge", Dsin.Merge.class)),
            new InterestActivation.Config(
                s.choice("activation", Score.class), s.list("activationHidden")),
            new Dsin.Tower(s.list("hidden"), style)),
        s.wordList("sessions"),
        schema,
        params);
  }

  private static InterestExtractor.Config extractor(Settings s) {
    return new InterestExtractor.Config(
        s.choice("positions", SessionPositions.Kind.class),
        s.integer("heads"),
        s.choice("attScale", Scale.class),
        s.choice("headProjection", Projection.class),
        new InterestExtractor.Sublayers(
            s.flag("useResidual"),
            s.flag("useLayerNorm"),
            s.flag("useFfn"),
            s.flag("blindDiagonal")));
  }
}
