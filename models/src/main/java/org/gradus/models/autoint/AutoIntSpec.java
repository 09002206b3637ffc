// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.autoint;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.autoint.AutoInt.Attention;
import org.gradus.models.autoint.AutoInt.Config;
import org.gradus.models.autoint.AutoInt.Tower;

/// `--model autoint`.
public final class AutoIntSpec implements ModelSpec {
  @Override
  public String name() {
    return "autoint";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "AutoInt: Automatic Feature Interaction Learning via Self-Attentive Neural Networks",
        "W. Song, C. Shi, Z. Xiao et al.",
        2019,
        "CIKM",
        "https://arxiv.org/abs/1810.11921");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    Attention a = p.attention();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(3, 2), "width of an embedding"),
        Option.integer("layers", a.layers(), List.of(1, 2), "interacting layers"),
        Option.integer("heads", a.heads(), List.of(2, 1), "heads of a layer"),
        Option.integer("headDim", a.headDim(), List.of(2, 3), "width of a head"),
        Option.flag("residual", a.residual(), "W_Res, which keeps the lower orders"),
        Option.flag("scaled", a.scaled(), "scores divided by the root of headDim"),
        Option.real("attentionDropout", a.dropout(), List.of(0.0, 0.3), "share of α dropped"),
        Option.flag("dnn", p.dnn() != null, "a tower beside the attention: AutoInt+"),
        Option.integers(
            "hidden", Tower.DEFAULT.hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.real(
            "dropout",
            Tower.DEFAULT.style().dropout(),
            List.of(0.0, 0.4),
            "share dropped per layer of the tower"),
        Option.flag("useLinear", p.useLinear(), "ℓ(x), one weight per feature, is added"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    Tower tower = new Tower(s.list("hidden"), Mlp.Style.RELU.withDropout(s.real("dropout")));
    return new AutoInt(
        new Config(
            s.integer("embeddingDim"),
            new Attention(
                s.integer("layers"),
                s.integer("heads"),
                s.integer("headDim"),
                s.flag("residual"),
                s.flag("scaled"),
                s.real("attentionDropout")),
            s.flag("dnn") ? tower : null,
            s.flag("useLinear")),
        schema,
        params);
  }
}
