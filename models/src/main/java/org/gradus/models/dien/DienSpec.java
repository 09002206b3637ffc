// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Attention;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.dien.Dien.Config;
import org.jspecify.annotations.Nullable;

/// `--model dien`.
public final class DienSpec implements ModelSpec {
  @Override
  public String name() {
    return "dien";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Interest Evolution Network for Click-Through Rate Prediction",
        "G. Zhou, N. Mou, Y. Fan et al.",
        2019,
        "AAAI",
        "https://arxiv.org/abs/1809.03672");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    AuxiliaryLoss.Config aux = p.auxiliary();
    InterestEvolution.Config evolution = p.evolution();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.words(
            "histories",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "sequences of a history with + between them, history by history; none: each its own"),
        Option.integer("states", p.states(), List.of(0, 4), "width of a state; 0: that of a step"),
        Option.choice("cell", evolution.cell(), "where attention acts in the second layer"),
        Option.choice("attention", evolution.score(), "how a state is held against the candidate"),
        Option.integers(
            "attentionHidden", evolution.hidden(), List.of("3", "4,2"), "sizes for DIN_MLP"),
        Option.choice(
            "attentionNormalization", evolution.normalization(), "how scores become weights"),
        Option.choice("auxiliary", aux.score(), "how a state is held against the next step"),
        Option.integers(
            "auxiliaryHidden", aux.hidden(), List.of("3", "4,2"), "sizes of the auxiliary MLP"),
        Option.choice("auxiliaryNormalizer", aux.normalizer(), "what the auxiliary sum is over"),
        Option.choice("negatives", aux.source(), "where steps that did not happen come from"),
        Option.integer(
            "negativesPerStep", aux.negatives(), List.of(1, 3), "how many for each step"),
        Option.flag("alsoSumPool", p.tower().alsoSumPool(), "the plain sum of a history besides"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.choice("activation", p.tower().style().activation(), "in the tower"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer of the tower"));
  }

  /// Two histories of the candidate's items, and a number.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Categorical("user", 7),
        new Field.Categorical("item", 9),
        new Field.Sequence("viewed", 9, "item", 4),
        new Field.Sequence("bought", 9, "item", 3),
        new Field.Label("click", Field.LabelKind.BINARY));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    boolean dot =
        s.choice("attention", InterestEvolution.Score.class) == InterestEvolution.Score.DOT;
    return dot && s.integer("states") != 0
        ? "dien: attention=DOT with states="
            + s.integer("states")
            + ". Expected states=0, as wide as the candidate; BILINEAR takes any."
        : null;
  }

  @Override
  public @Nullable String misses(Settings s, Schema schema) {
    return schema.all(Field.Sequence.class).isEmpty()
        ? "no sequence in the data, and so no history: this is embeddings and a tower, without"
            + " interests"
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    return new Dien(
        new Config(
            s.integer("embeddingDim"),
            s.integer("states"),
            new AuxiliaryLoss.Config(
                s.choice("auxiliary", AuxiliaryLoss.Score.class),
                s.list("auxiliaryHidden"),
                s.choice("auxiliaryNormalizer", AuxiliaryLoss.Normalizer.class),
                s.choice("negatives", Negatives.Source.class),
                s.integer("negativesPerStep")),
            new InterestEvolution.Config(
                s.choice("cell", InterestEvolution.Cell.class),
                s.choice("attention", InterestEvolution.Score.class),
                s.list("attentionHidden"),
                s.choice("attentionNormalization", Attention.Normalization.class)),
            new Dien.Tower(
                s.list("hidden"),
                new AdaptiveMlp.Style(
                    s.choice("activation", AdaptiveMlp.Activation.class), s.real("dropout"), false),
                s.flag("alsoSumPool"))),
        s.wordList("histories").stream().map(h -> List.of(h.split("\\+", -1))).toList(),
        schema,
        params);
  }
}
