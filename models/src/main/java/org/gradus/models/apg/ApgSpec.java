// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.models.apg.ApgLayer.Bias;
import org.gradus.models.apg.ApgLayer.CoreInit;
import org.gradus.models.apg.ApgLayer.Generated;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// `--model apg`.
public final class ApgSpec implements ModelSpec {
  @Override
  public String name() {
    return "apg";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "APG: Adaptive Parameter Generation Network for Click-Through Rate Prediction",
        "B. Yan, P. Wang, K. Zhang et al.",
        2022,
        "NeurIPS",
        "https://arxiv.org/abs/2203.16218");
  }

  @Override
  public List<Option> options() {
    Apg.Config p = Apg.Config.PRESET;
    ApgLayer.Config layer = p.layer();
    ApgLayer.Rank rank = layer.rank();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.choice("condition", p.condition().kind(), "whose vector weights are made from"),
        Option.words(
            "conditionFields",
            p.condition().fields(),
            List.of(""), // others name fields, and schemas differ
            "fields of a condition MIX; none: all fields of ids"),
        Option.choice("mixCombine", p.condition().combine(), "how these speak together"),
        Option.flag("sgCondition", p.condition().stop(), "the condition learns from no weight"),
        Option.choice("generated", layer.generated(), "what of a weight is generated"),
        Option.integer("rank", rank.rank(), List.of(0, 1), "K; 0: by mfK"),
        Option.integer("mfK", rank.mfK(), List.of(2), "K is a layer's smaller side over this"),
        Option.flag("overParam", rank.wide(), "shared factors are products of two"),
        Option.integer("mfP", rank.mfP(), List.of(1), "P is a layer's smaller side over this"),
        Option.integers(
            "generatorUnits",
            layer.generators().hidden(),
            List.of("", "3"),
            "layers of generators"),
        Option.choice("generateActivation", layer.generators().activation(), "of what they say"),
        Option.choice("coreInit", layer.generators().core(), "where the core begins"),
        Option.choice("biasMode", layer.biases().out(), "the bias of a layer"),
        Option.flag("factorBias", layer.biases().factors(), "a bias after every factor"),
        Option.choice("innerActivation", layer.inner(), "between factors"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "4,3"), "sizes of the layers"),
        Option.choice("activation", p.tower().activation(), "after every layer"),
        Option.real("dropout", p.tower().dropout(), List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return ScenarioExamples.SCHEMA;
  }

  @Override
  public Map<String, String> structuralZeros(Settings s) {
    boolean grouped = s.choice("condition", Condition.Kind.class) == Condition.Kind.GROUP;
    return grouped && s.flag("sgCondition")
        ? Map.of("group", "a condition that learns from no weight")
        : Map.of();
  }

  /// Wide factors that are not wider than what they end in: legal, and nothing is gained.
  @Override
  public @Nullable String misses(Settings s, Schema schema) {
    ApgLayer.Config layer = layer(s);
    if (layer.generated() != Generated.SHARED || !layer.rank().wide()) {
      return null;
    }
    int in = schema.dense().size();
    for (Field.Ids f : schema.ids()) {
      boolean read = f instanceof Field.Categorical || f instanceof Field.MultiValued;
      in += read ? s.integer("embeddingDim") : 0;
    }
    for (int out : s.list("hidden")) {
      int k = layer.rank().k(in, out);
      int p = layer.rank().p(in, out);
      if (p <= k) {
        return "the layer from "
            + in
            + " to "
            + out
            + " has K = "
            + k
            + " and P = "
            + p
            + ": shared factors are no wider for being products of two. They would be with mfP"
            + " below mfK; overParam=false leaves the second ones out";
      }
      in = out;
    }
    return null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Apg(
        new Apg.Config(
            s.integer("embeddingDim"),
            new Condition.Config(
                s.choice("condition", Condition.Kind.class),
                s.wordList("conditionFields"),
                s.choice("mixCombine", Condition.Combine.class),
                s.flag("sgCondition")),
            layer(s),
            new Apg.Tower(
                s.list("hidden"), s.choice("activation", Activation.class), s.real("dropout"))),
        schema,
        params);
  }

  private static ApgLayer.Config layer(Settings s) {
    return new ApgLayer.Config(
        s.choice("generated", Generated.class),
        new ApgLayer.Rank(
            s.integer("rank"), s.integer("mfK"), s.flag("overParam"), s.integer("mfP")),
        new ApgLayer.Generators(
            s.list("generatorUnits"),
            s.choice("generateActivation", Activation.class),
            s.choice("coreInit", CoreInit.class)),
        new ApgLayer.Biases(s.choice("biasMode", Bias.class), s.flag("factorBias")),
        s.choice("innerActivation", Activation.class));
  }
}
