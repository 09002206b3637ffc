// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fibinet;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.fibinet.FiBiNet.Config;
import org.gradus.models.fibinet.FiBiNet.Depth;
import org.gradus.models.fibinet.FiBiNet.Interaction;
import org.gradus.models.fibinet.FiBiNet.Tower;
import org.jspecify.annotations.Nullable;

/// `--model fibinet`.
public final class FiBiNetSpec implements ModelSpec {
  @Override
  public String name() {
    return "fibinet";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "FiBiNET: Combining Feature Importance and Bilinear feature Interaction for Click-Through"
            + " Rate Prediction",
        "T. Huang, Z. Zhang, J. Zhang",
        2019,
        "RecSys",
        "https://arxiv.org/abs/1905.09433");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    Interaction pairs = p.interaction();
    return List.of(
        // layer norm of two numbers is their order, so at least three
        Option.integer("embeddingDim", p.embeddingDim(), List.of(3, 4), "width of an embedding"),
        Option.choice(
            "bilinear", pairs.raw().kind(), "matrices W of p, of the embeddings as they are"),
        Option.choice(
            "bilinearSenet", pairs.rescaled().kind(), "matrices W of q, of the rescaled ones"),
        Option.flag("shareBilinear", pairs.shared(), "the same matrices for both"),
        Option.flag(
            "everyField",
            pairs.raw().everyField(),
            "of FIELD_EACH: a matrix for the last field too"),
        // one hidden unit is off half of the time, and then nothing shows; other ratios have a
        // check of their own
        Option.integer(
            "reductionRatio",
            p.senet().reductionRatio(),
            List.of(1),
            "r: f/r units between W₁ and W₂"),
        Option.choice("squeeze", p.senet().squeeze(), "how an embedding becomes one number"),
        Option.choice("excitationActivation", p.senet().excitation(), "σ₂: a field's weight"),
        Option.flag("layerNorm", pairs.layerNorm(), "products normalised: an extension"),
        Option.choice("mode", p.mode(), "sum of the products, or tower over them"),
        Option.integers(
            "hidden", p.tower().hidden(), List.of("6", "5,4"), "of DEEP: sizes of the tower"),
        Option.real(
            "dropout",
            p.tower().style().dropout(),
            List.of(0.0, 0.4),
            "of DEEP: share dropped per layer"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return config(s).conflict();
  }

  private static Config config(Settings s) {
    boolean every = s.flag("everyField");
    return new Config(
        s.integer("embeddingDim"),
        new Senet.Config(
            s.integer("reductionRatio"),
            s.choice("squeeze", Senet.Squeeze.class),
            s.choice("excitationActivation", Senet.Excitation.class)),
        new Interaction(
            new Bilinear.Config(s.choice("bilinear", Bilinear.Kind.class), every),
            new Bilinear.Config(s.choice("bilinearSenet", Bilinear.Kind.class), every),
            s.flag("shareBilinear"),
            s.flag("layerNorm")),
        new Tower(s.list("hidden"), Mlp.Style.RELU.withDropout(s.real("dropout"))),
        s.choice("mode", Depth.class));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new FiBiNet(config(s), schema, params);
  }
}
