// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.mmoe;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Gate;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.TaskExamples;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model mmoe`.
public final class MmoeSpec implements ModelSpec {
  @Override
  public String name() {
    return "mmoe";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts",
        "J. Ma, Z. Zhao, X. Yi et al.",
        2018,
        "KDD",
        "https://doi.org/10.1145/3219819.3220007");
  }

  @Override
  public List<Option> options() {
    Mmoe.Config p = Mmoe.Config.PRESET;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integer("numExperts", p.experts().count(), List.of(3, 2, 1), "E"),
        Option.integers(
            "expertUnits", p.experts().sizes(), List.of("4", "4,3"), "sizes of each expert"),
        Option.choice("gateMode", p.gating().mode(), "a gate per task, or OMoE's one for all"),
        Option.integers("gateUnits", List.of(), List.of("", "3"), "layers in front of a gate"),
        Option.flag("gateBias", false, "a constant per expert in the gate"),
        Option.real("gateDropout", 0, List.of(0.0, 0.4), "share of experts left out in training"),
        Option.words(
            "gateFields",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "fields that gates read; none: all of x"),
        Option.integer("topK", 0, List.of(0, 2), "experts that an example hears; 0 for all"),
        Option.integers("towerUnits", p.tower(), List.of("3", "", "4,2"), "sizes of each tower"),
        Option.choice("activation", p.style().activation(), "of experts and towers"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return TaskExamples.SCHEMA;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Mmoe(
        new Mmoe.Config(
            s.integer("embeddingDim"),
            new Mmoe.Bottom(s.integer("numExperts"), s.list("expertUnits")),
            new Mmoe.Gating(
                s.choice("gateMode", Mmoe.GateMode.class),
                new Gate.Config(
                    s.list("gateUnits"),
                    s.flag("gateBias"),
                    s.real("gateDropout"),
                    s.integer("topK")),
                s.wordList("gateFields")),
            s.list("towerUnits"),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropout"),
                false,
                LinearInit.XAVIER)),
        schema,
        params);
  }
}
