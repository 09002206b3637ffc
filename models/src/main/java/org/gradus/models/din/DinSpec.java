// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.din;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Dice;
import org.gradus.layers.LocalActivationUnit;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.din.Din.Config;
import org.jspecify.annotations.Nullable;

/// `--model din`.
public final class DinSpec implements ModelSpec {
  @Override
  public String name() {
    return "din";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Interest Network for Click-Through Rate Prediction",
        "G. Zhou, C. Song, X. Zhu et al.",
        2018,
        "KDD",
        "https://arxiv.org/abs/1706.06978");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    LocalActivationUnit.Config a = p.attention();
    Dice.Config dice = p.tower().style().learned().dice();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.words(
            "histories",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "sequences of a history with + between them, history by history; none: each its own"),
        Option.choice("pooling", p.pooling(), "how a history becomes a vector"),
        Option.choice("interaction", a.interaction(), "what the activation unit sees"),
        Option.integers(
            "attentionHidden", a.hidden(), List.of("3", "4,2"), "sizes of the activation unit"),
        Option.choice("attentionActivation", a.style().activation(), "in the activation unit"),
        Option.choice("attentionNormalization", a.normalization(), "how scores become weights"),
        Option.flag("alsoSumPool", p.alsoSumPool(), "the plain sum of a history besides"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.choice("activation", p.tower().style().activation(), "in the tower"),
        Option.flag("batchNorm", false, "batch norm in the tower"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer of the tower"),
        Option.real(
            "preluSlope", p.tower().style().learned().slope(), List.of(0.25), "start of PRELU"),
        Option.real(
            "diceDecay", 1 - dice.momentum(), List.of(0.99), "ρ of the moving statistics of DICE"),
        Option.flag("diceUnbiased", dice.unbiased(), "n − 1 in the moving variance of DICE"),
        Option.flag(
            "diceStopGradient",
            dice.stopGradientStats(),
            "the batch's statistics of DICE count as constants"));
  }

  /// Two histories, and a number: a history of the candidate's items, and one of its categories.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Categorical("user", 7),
        new Field.Categorical("item", 9),
        new Field.Categorical("category", 5),
        new Field.Sequence("viewed", 9, "item", 4),
        new Field.Sequence("categories", 5, "category", 3),
        new Field.Label("click", Field.LabelKind.BINARY));
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
    return schema.all(Field.Sequence.class).isEmpty()
        ? "no sequence in the data, and so no history: this is embeddings and a tower, without"
            + " attention"
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    Dice.Config dice =
        new Dice.Config(
            Dice.Config.PAPER.alpha(),
            Dice.Config.PAPER.epsilon(),
            1 - s.real("diceDecay"),
            s.flag("diceUnbiased"),
            s.flag("diceStopGradient"));
    AdaptiveMlp.Learned learned = new AdaptiveMlp.Learned(dice, s.real("preluSlope"));
    AdaptiveMlp.Style style =
        new AdaptiveMlp.Style(
            s.choice("activation", AdaptiveMlp.Activation.class),
            s.real("dropout"),
            s.flag("batchNorm"),
            learned);
    AdaptiveMlp.Style unit =
        new AdaptiveMlp.Style(
            s.choice("attentionActivation", AdaptiveMlp.Activation.class), 0, false, learned);
    return new Din(
        new Config(
            s.integer("embeddingDim"),
            s.choice("pooling", Din.Pooling.class),
            new LocalActivationUnit.Config(
                s.choice("interaction", LocalActivationUnit.Interaction.class),
                s.list("attentionHidden"),
                unit,
                s.choice("attentionNormalization", LocalActivationUnit.Normalization.class)),
            s.flag("alsoSumPool"),
            new Din.Tower(s.list("hidden"), style)),
        s.wordList("histories").stream().map(h -> List.of(h.split("\\+", -1))).toList(),
        schema,
        params);
  }
}
