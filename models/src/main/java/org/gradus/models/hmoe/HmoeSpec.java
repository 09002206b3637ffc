// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.hmoe;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Gate;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// `--model hmoe`.
public final class HmoeSpec implements ModelSpec {
  @Override
  public String name() {
    return "hmoe";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Improving Multi-Scenario Learning to Rank in E-commerce by Exploiting Task Relationships"
            + " in the Label Space",
        "P. Li, R. Li, Q. Da et al.",
        2020,
        "CIKM",
        "https://doi.org/10.1145/3340531.3412713");
  }

  @Override
  public List<Option> options() {
    Hmoe.Config p = Hmoe.Config.PRESET;
    Hmoe.LabelSpace label = p.label();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integer("numExperts", p.experts().count(), List.of(3, 2, 1), "K"),
        Option.integers(
            "expertUnits", p.experts().sizes(), List.of("4", "4,3"), "sizes of each expert"),
        Option.flag("shareGate", p.gating().shared(), "one gate of the experts for all scenarios"),
        Option.integers("gateUnits", List.of(), List.of("", "3"), "layers in front of a gate"),
        Option.integers(
            "towerUnits", p.towers().sizes(), List.of("3", "", "4,2"), "sizes of each tower"),
        Option.flag(
            "shareMix", label.mixing().shared(), "one network weighs towers for all scenarios"),
        Option.integers("mixUnits", label.mixing().hidden(), List.of("", "3"), "its layers"),
        Option.choice(
            "mixNormalisation", label.mixing().normalisation(), "how its numbers become weights"),
        Option.choice("mixSpace", label.space(), "what of the towers is mixed"),
        Option.flag("stopGradient", label.stop(), "towers of other scenarios are not taught"),
        Option.choice("activation", p.towers().style().activation(), "of experts and towers"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.BINARY);
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return ScenarioExamples.SCHEMA;
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return Hmoe.conflict(config(s));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Hmoe(config(s), schema, params);
  }

  private static Hmoe.Config config(Settings s) {
    return new Hmoe.Config(
        s.integer("embeddingDim"),
        new Hmoe.Bottom(s.integer("numExperts"), s.list("expertUnits")),
        new Hmoe.Gating(s.flag("shareGate"), Gate.Config.LINEAR.withHidden(s.list("gateUnits"))),
        new Hmoe.LabelSpace(
            new Mixing.Config(
                s.flag("shareMix"),
                s.list("mixUnits"),
                s.choice("mixNormalisation", Mixing.Normalisation.class)),
            s.choice("mixSpace", Hmoe.Space.class),
            s.flag("stopGradient")),
        new Hmoe.Towers(
            s.list("towerUnits"),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropout"),
                false,
                LinearInit.XAVIER)));
  }
}
