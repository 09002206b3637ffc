// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcnv2;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.CrossStructure;
import org.gradus.layers.MixtureCross;
import org.gradus.layers.MixtureCross.Gate;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.dcnv2.DcnV2.Config;
import org.gradus.models.dcnv2.DcnV2.Cross;
import org.gradus.models.dcnv2.DcnV2.CrossKind;
import org.gradus.models.dcnv2.DcnV2.Tower;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model dcn-v2`.
public final class DcnV2Spec implements ModelSpec {
  @Override
  public String name() {
    return "dcn-v2";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "DCN V2: Improved Deep & Cross Network and Practical Lessons for Web-scale Learning to"
            + " Rank Systems",
        "R. Wang, R. Shivanna, D. Z. Cheng et al.",
        2021,
        "WWW",
        "https://arxiv.org/abs/2008.13535");
  }

  @Override
  public List<Option> options() {
    Config p = Config.DEFAULT;
    MixtureCross.Config sizes = p.cross().sizes();
    return List.of(
        Option.choice("width", p.widths().rule(), "how wide an embedding is"),
        Option.integer(
            "embeddingDim",
            p.widths().fixed(),
            List.of(3),
            "width of an embedding, for width=FIXED"),
        Option.real(
            "widthFactor",
            p.widths().factor(),
            List.of(1.5),
            "k of ⌈k n^¼⌉, for width=FOURTH_ROOT"),
        Option.choice("cross", p.cross().kind(), "which cross network"),
        Option.integer("layers", sizes.layers(), List.of(1, 2), "cross layers, L"),
        Option.integer("rank", sizes.rank(), List.of(2), "rank r, for LOW_RANK and MIXTURE"),
        Option.integer("experts", sizes.experts(), List.of(2, 1), "experts K, for MIXTURE"),
        Option.choice("activation", sizes.activation(), "activation g, for MIXTURE"),
        Option.choice("gate", sizes.gate(), "how a MIXTURE weighs its experts"),
        Option.flag("gatePerLayer", sizes.gatePerLayer(), "a gate for each layer of a MIXTURE"),
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
    if (s.flag("batchNorm")
        && s.choice("structure", CrossStructure.class) != CrossStructure.CROSS_ONLY) {
      for (int l = 0; l < s.list("hidden").size(); l++) {
        zeros.put("deep/" + l + "/bias", "a bias before batch norm");
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    Mlp.Style style =
        Mlp.Style.RELU.withDropout(s.real("dropout")).withBatchNorm(s.flag("batchNorm"));
    MixtureCross.Config sizes =
        new MixtureCross.Config(
            s.integer("layers"),
            s.integer("experts"),
            s.integer("rank"),
            s.choice("activation", Activation.class),
            s.choice("gate", Gate.class),
            s.flag("gatePerLayer"));
    return new DcnV2(
        new Config(
            new Widths(
                s.choice("width", Width.class), s.integer("embeddingDim"), s.real("widthFactor")),
            new Cross(s.choice("cross", CrossKind.class), sizes),
            new Tower(s.list("hidden"), style),
            s.choice("structure", CrossStructure.class)),
        schema,
        params);
  }
}
