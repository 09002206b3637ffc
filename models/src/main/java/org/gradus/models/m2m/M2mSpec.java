// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model m2m`.
public final class M2mSpec implements ModelSpec {
  @Override
  public String name() {
    return "m2m";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Leaving No One Behind: A Multi-Scenario Multi-Task Meta Learning Approach for Advertiser"
            + " Modeling",
        "Q. Zhang, X. Liao, Q. Liu et al.",
        2022,
        "WSDM",
        "https://arxiv.org/abs/2201.06814");
  }

  @Override
  public List<Option> options() {
    M2m.Config p = M2m.Config.PRESET;
    M2m.Inputs in = p.inputs();
    M2m.Views views = p.views();
    M2m.Meta meta = p.meta();
    Nonlinearity sigma = p.style().sigma();
    return List.of(
        Option.integer("embeddingDim", in.embeddingDim(), List.of(2, 4), "width of an embedding"),
        Option.integer("heads", in.sequences().heads(), List.of(2, 1), "of a sequence's attention"),
        Option.choice("positionMode", in.sequences().positions(), "how steps say where they stand"),
        Option.choice("pooling", in.sequences().pool(), "how steps become one vector"),
        Option.words(
            "scenarioFields",
            in.scenario(),
            List.of(""), // others name fields, and schemas differ
            "fields that speak for the scenario, besides its number"),
        Option.words(
            "userFields",
            in.user(),
            List.of(""),
            "fields that speak for the user; none: all fields of ids"),
        Option.flag("linearLogit", in.linear(), "a linear term of the fields for every task"),
        Option.integer("numExperts", views.experts(), List.of(3, 2, 1), "k"),
        Option.integers(
            "expertUnits", views.expert().hidden(), List.of("", "3"), "layers of experts below d"),
        Option.integer("expertDim", views.expert().out(), List.of(2, 3), "d"),
        Option.integers("taskUnits", views.task(), List.of("", "3"), "layers of T_t below d"),
        Option.integers(
            "scenarioUnits", views.scenario().hidden(), List.of("", "4"), "layers of S̃ below d_s"),
        Option.integer("scenarioDim", views.scenario().out(), List.of(2, 3), "d_s"),
        Option.integer("metaDepth", meta.unit().depth(), List.of(1, 2), "K, layers of a unit"),
        Option.choice("metaInit", meta.unit().start(), "how what units say begins"),
        Option.choice("metaShared", meta.sharing(), "who has units together"),
        Option.integer("towerDepth", p.tower().depth(), List.of(1, 2), "J, layers of a tower"),
        Option.flag("towerUnitShared", p.tower().shared(), "a tower's layers have one unit"),
        Option.flag("attentionSoftmax", meta.softmax(), "shares of experts add up to 1"),
        Option.flag("towerResidual", p.tower().residual(), "layers add what goes into them"),
        Option.choice("activation", sigma.kind(), "σ"),
        Option.real("slope", sigma.slope(), List.of(0.3, 0.1), "of LEAKY_RELU below 0"),
        Option.real(
            "dropout",
            p.style().dropout(),
            List.of(0.0, 0.4),
            "share dropped per layer of experts and views"));
  }

  /// Two histories, one of them in a table of its own, two tasks in two scenarios.
  @Override
  public Schema exampleSchema(Settings s) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Categorical("user", 5),
        new Field.Categorical("item", 7),
        new Field.Sequence("viewed", 7, "item", 4),
        new Field.Sequence("searched", 6, "words", 3),
        new Field.Domain("page", 2),
        new Field.Label("click", Field.LabelKind.BINARY),
        new Field.Label("watch", Field.LabelKind.REGRESSION));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new M2m(
        new M2m.Config(
            new M2m.Inputs(
                s.integer("embeddingDim"),
                new SequenceView.Config(
                    s.integer("heads"),
                    s.choice("positionMode", SequenceView.Positions.class),
                    s.choice("pooling", SequenceView.Pool.class)),
                s.wordList("scenarioFields"),
                s.wordList("userFields"),
                s.flag("linearLogit")),
            new M2m.Views(
                s.integer("numExperts"),
                new M2m.Sizes(s.list("expertUnits"), s.integer("expertDim")),
                s.list("taskUnits"),
                new M2m.Sizes(s.list("scenarioUnits"), s.integer("scenarioDim"))),
            new M2m.Meta(
                new MetaUnit.Config(
                    s.integer("metaDepth"), s.choice("metaInit", MetaUnit.Start.class)),
                s.choice("metaShared", M2m.Sharing.class),
                s.flag("attentionSoftmax")),
            new M2m.Tower(
                s.integer("towerDepth"), s.flag("towerUnitShared"), s.flag("towerResidual")),
            new M2m.Style(
                new Nonlinearity(s.choice("activation", Nonlinearity.Kind.class), s.real("slope")),
                s.real("dropout"))),
        schema,
        params);
  }
}
