// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.xdeepfm;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.xdeepfm.XDeepFm.Config;
import org.gradus.models.xdeepfm.XDeepFm.Parts;
import org.gradus.models.xdeepfm.XDeepFm.Tower;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// `--model xdeepfm`.
public final class XDeepFmSpec implements ModelSpec {
  @Override
  public String name() {
    return "xdeepfm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "xDeepFM: Combining Explicit and Implicit Feature Interactions for Recommender Systems",
        "J. Lian, X. Zhou, F. Zhang et al.",
        2018,
        "KDD",
        "https://arxiv.org/abs/1803.05170");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integers("cin", p.cin().maps(), List.of("4,3", "2"), "maps of each CIN layer"),
        Option.choice(
            "connect", p.cin().connect(), "which maps go to the next layer, which to the output"),
        Option.choice("activation", p.cin().activation(), "f, of the CIN"),
        Option.flag("cinBias", p.cin().bias(), "β, a bias for each map"),
        Option.integer("rank", p.cin().rank(), List.of(0, 2), "L of narrow weights; 0: full ones"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.real(
            "dropout", p.tower().style().dropout(), List.of(0.0, 0.4), "share dropped per layer"),
        Option.flag("useLinear", p.parts().useLinear(), "the linear part ℓ(x)"),
        Option.flag("useDnn", p.parts().useDnn(), "the tower"),
        Option.flag("useCin", p.parts().useCin(), "the compressed interaction network"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    if (!s.flag("useDnn") && !s.flag("useCin")) {
      return "xdeepfm: useDnn=false and useCin=false leave a linear model. Expected one of them;"
          + " use --model lr.";
    }
    return Cin.Config.conflict(s.list("cin"), s.choice("connect", Cin.Connect.class));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    return new XDeepFm(
        new Config(
            s.integer("embeddingDim"),
            new Tower(s.list("hidden"), Mlp.Style.RELU.withDropout(s.real("dropout"))),
            new Cin.Config(
                s.list("cin"),
                s.choice("connect", Cin.Connect.class),
                s.choice("activation", Activation.class),
                s.flag("cinBias"),
                s.integer("rank")),
            new Parts(s.flag("useLinear"), s.flag("useDnn"), s.flag("useCin"))),
        schema,
        params);
  }
}
