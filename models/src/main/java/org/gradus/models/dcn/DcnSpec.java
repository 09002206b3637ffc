// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.CrossStructure;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.dcn.Dcn.Config;
import org.gradus.models.dcn.Dcn.Tower;

/// `--model dcn`.
public final class DcnSpec implements ModelSpec {
  @Override
  public String name() {
    return "dcn";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep & Cross Network for Ad Click Predictions",
        "R. Wang, B. Fu, G. Fu et al.",
        2017,
        "ADKDD",
        "https://arxiv.org/abs/1708.05123");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    return List.of(
        Option.choice("width", p.widths().rule(), "how wide an embedding is"),
        Option.integer(
            "embeddingDim",
            p.widths().fixed(),
            List.of(2, 3),
            "width of an embedding, for width=FIXED"),
        Option.real(
            "widthFactor",
            p.widths().factor(),
            List.of(1.5, 2.0),
            "k of ⌈k n^¼⌉, for width=FOURTH_ROOT"),
        Option.integer("layers", p.layers(), List.of(1, 2), "cross layers, L"),
        Option.choice("structure", p.structure(), "how cross network and tower are combined"),
        Option.integers(
            "hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower's layers"),
        Option.real(
            "dropout",
            p.tower().style().dropout(),
            List.of(0.0, 0.4),
            "share dropped after each layer of the tower"),
        Option.flag("batchNorm", p.tower().style().batchNorm(), "batch norm in the tower"));
  }

  /// Biases that move all rows alike before batch norm, which subtracts what all rows have in common: their gradient is 0.
  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    CrossStructure structure = s.choice("structure", CrossStructure.class);
    int tower = structure == CrossStructure.CROSS_ONLY ? 0 : s.list("hidden").size();
    if (s.flag("batchNorm") && tower > 0) {
      for (int l = 0; l < tower; l++) {
        zeros.put("deep/" + l + "/bias", "a bias before batch norm");
      }
      if (structure == CrossStructure.STACKED && s.integer("layers") > 0) {
        zeros.put(
            "cross/" + (s.integer("layers") - 1) + "/b",
            "the same for all examples, and so gone after the linear layer and batch norm");
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    Mlp.Style style =
        Mlp.Style.RELU.withDropout(s.real("dropout")).withBatchNorm(s.flag("batchNorm"));
    return new Dcn(
        new Config(
            new Widths(
                s.choice("width", Width.class), s.integer("embeddingDim"), s.real("widthFactor")),
            s.integer("layers"),
            new Tower(s.list("hidden"), style),
            s.choice("structure", CrossStructure.class)),
        schema,
        params);
  }
}
