// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sharedbottom;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.LinearInit;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.TaskExamples;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model shared-bottom`.
public final class SharedBottomSpec implements ModelSpec {
  @Override
  public String name() {
    return "shared-bottom";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Multitask Learning",
        "R. Caruana",
        1997,
        "Machine Learning",
        "https://doi.org/10.1023/A:1007379606734");
  }

  @Override
  public List<Option> options() {
    SharedBottom.Config p = SharedBottom.Config.PRESET;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integers("bottomUnits", p.bottom(), List.of("4", "", "5,3"), "sizes of the bottom"),
        Option.lists(
            "towerUnits",
            p.towers(),
            List.of("3", "", "4,2"),
            "sizes of each tower, or of one after the other: 64,32;16"),
        Option.choice("activation", p.style().activation(), "after every layer"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"),
        Option.flag("batchNorm", false, "batch norm in the bottom"));
  }

  @Override
  public Schema exampleSchema(Settings s) {
    return TaskExamples.SCHEMA;
  }

  /// A constant that is added to all rows before batch norm is subtracted again, also when only a linear layer lies between.
  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    int layers = s.list("bottomUnits").size();
    boolean linear =
        s.choice("activation", Activation.class) == Activation.IDENTITY && s.real("dropout") == 0;
    for (int l = 0; l < layers && s.flag("batchNorm"); l++) {
      zeros.put("bottom/" + l + "/bias", "a bias before batch norm");
      if (linear && l < layers - 1) {
        zeros.put("bottom/" + l + "/norm/shift", "a shift of all rows before batch norm");
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new SharedBottom(
        new SharedBottom.Config(
            s.integer("embeddingDim"),
            s.list("bottomUnits"),
            s.lists("towerUnits"),
            new Mlp.Style(
                s.choice("activation", Activation.class),
                s.real("dropout"),
                s.flag("batchNorm"),
                LinearInit.XAVIER)),
        schema,
        params);
  }
}
