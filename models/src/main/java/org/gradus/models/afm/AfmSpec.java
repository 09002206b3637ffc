// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.afm;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model afm`.
public final class AfmSpec implements ModelSpec {
  @Override
  public String name() {
    return "afm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Attentional Factorization Machines: Learning the Weight of Feature Interactions via"
            + " Attention Networks",
        "J. Xiao, H. Ye, X. He et al.",
        2017,
        "IJCAI",
        "https://arxiv.org/abs/1708.04617");
  }

  @Override
  public List<Option> options() {
    Afm.Config p = Afm.Config.SMALL;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.flag("useAttention", true, "false: all pairs count alike"),
        Option.integer("attentionFactor", 8, List.of(4, 3), "t, width of the attention network"),
        Option.real(
            "dropoutAttention", 0, List.of(0.0, 0.4), "share dropped of the weights of pairs"),
        Option.real(
            "dropoutPooled",
            p.dropoutPooled(),
            List.of(0.0, 0.4),
            "share dropped of the pooled pairs"),
        Option.flag(
            "deepOnTop", false, "a tower on the pooled pairs and dense fields: an extension"),
        Option.integers(
            "hidden", List.of(64), List.of("4", ""), "of deepOnTop: sizes of the tower's layers"),
        Option.flag("batchNorm", true, "of deepOnTop: on the pooled pairs"),
        // not combined with others: what is frozen keeps its initial values, on which no unit of
        // the attention network ever switches, so that a gradient check sees nothing; with other
        // values AfmTest checks it
        new Option(
            "freezeFm",
            Option.Type.FLAG,
            Boolean.toString(p.freezeFm()),
            List.of(),
            List.of("false"),
            "keeps bias, linear weights and vectors as --init-from found them"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Afm(
        new Afm.Config(
            s.integer("embeddingDim"),
            s.flag("useAttention")
                ? new Afm.Attention(s.integer("attentionFactor"), s.real("dropoutAttention"))
                : null,
            s.real("dropoutPooled"),
            s.flag("deepOnTop") ? new Afm.Deep(s.list("hidden"), s.flag("batchNorm")) : null,
            s.flag("freezeFm")),
        schema,
        params);
  }
}
