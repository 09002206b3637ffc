// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.ScenarioExamples;
import org.gradus.models.Settings;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model star`.
public final class StarSpec implements ModelSpec {
  @Override
  public String name() {
    return "star";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "One Model to Serve All: Star Topology Adaptive Recommender for Multi-Domain CTR"
            + " Prediction",
        "X.-R. Sheng, L. Zhao, G. Zhou et al.",
        2021,
        "CIKM",
        "https://arxiv.org/abs/2101.11427");
  }

  @Override
  public List<Option> options() {
    Star.Config p = Star.Config.PRESET;
    PartitionedNorm.Config norm = p.norm().config();
    Auxiliary.Config aux = p.auxiliary();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.flag("usePn", p.norm().used(), "standardise the input by scenario"),
        Option.real("pnDecay", norm.decay(), List.of(0.99), "ρ of the moving statistics"),
        Option.choice(
            "smallGroup", norm.smallGroup(), "how a scenario with a single row is standardised"),
        Option.integers(
            "hidden", p.network().hidden(), List.of("4", "", "5,3"), "sizes of the star network"),
        Option.choice("combine", p.network().combine(), "a weight times its factor, or plus it"),
        Option.real(
            "domainDecay",
            p.network().decay(),
            List.of(0.0, 0.3),
            "λ of a penalty that pulls the weights of scenarios to where they change nothing"),
        Option.flag("useAux", aux.used(), "an auxiliary network that reads the scenario"),
        Option.integer("domainDim", aux.dim(), List.of(2), "width of the scenario's vector"),
        Option.flag("auxPn", aux.norm(), "standardise the auxiliary network's x by scenario"),
        Option.integers("auxUnits", aux.hidden(), List.of("3", ""), "sizes of its layers"),
        Option.choice("activation", p.style().activation(), "after every layer but the last"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return ScenarioExamples.SCHEMA;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Star(
        new Star.Config(
            s.integer("embeddingDim"),
            new Star.Norm(
                s.flag("usePn"),
                new PartitionedNorm.Config(
                    s.real("pnDecay"), s.choice("smallGroup", PartitionedNorm.SmallGroup.class))),
            new StarNetwork.Config(
                s.list("hidden"),
                s.choice("combine", StarLayer.Combine.class),
                s.real("domainDecay")),
            new Auxiliary.Config(
                s.flag("useAux"), s.integer("domainDim"), s.flag("auxPn"), s.list("auxUnits")),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropout"),
                false,
                LinearInit.XAVIER)),
        schema,
        params);
  }
}
