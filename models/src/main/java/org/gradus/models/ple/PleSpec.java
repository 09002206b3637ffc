// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ple;

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
import org.jspecify.annotations.Nullable;

/// `--model ple`.
public final class PleSpec implements ModelSpec {
  @Override
  public String name() {
    return "ple";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized"
            + " Recommendations",
        "H. Tang, J. Liu, M. Zhao, X. Gong",
        2020,
        "RecSys",
        "https://doi.org/10.1145/3383313.3412236");
  }

  @Override
  public List<Option> options() {
    Ple.Config p = Ple.Config.PRESET;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integer("levels", p.levels().count(), List.of(2, 1, 3), "L; 1 is CGC"),
        Option.integers(
            "specificExperts",
            p.levels().specific(),
            List.of("1", "2", "0"),
            "experts of a task: one number for all, or one for each"),
        Option.integer("sharedExperts", p.levels().shared(), List.of(1, 2, 0), "shared experts"),
        Option.lists(
            "expertUnits",
            p.levels().sizes(),
            List.of("4", "4,3"),
            "sizes of each expert, or of those of one level after the other: 64,32;16"),
        Option.integers("gateUnits", List.of(), List.of("", "3"), "layers in front of a gate"),
        Option.integers("towerUnits", p.tower(), List.of("3", "", "4,2"), "sizes of each tower"),
        Option.choice("activation", p.style().activation(), "of experts and towers"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return s.integer("sharedExperts") == 0 && s.list("specificExperts").contains(0)
        ? "ple: specificExperts 0 and sharedExperts 0 leave a task without experts. Expected at"
            + " least one."
        : null;
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return TaskExamples.SCHEMA;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Ple(
        new Ple.Config(
            s.integer("embeddingDim"),
            new Ple.Levels(
                s.integer("levels"),
                s.list("specificExperts"),
                s.integer("sharedExperts"),
                s.lists("expertUnits")),
            Gate.Config.LINEAR.withHidden(s.list("gateUnits")),
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
