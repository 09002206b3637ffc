// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.sourceattention.SharedSourceAttention.Activation;
import org.gradus.models.sourceattention.SharedSourceAttention.Aggregate;
import org.gradus.models.sourceattention.SharedSourceAttention.Level;
import org.gradus.models.sourceattention.SharedSourceAttention.Normalise;
import org.jspecify.annotations.Nullable;

/// `--model source-attention`.
public final class SourceAttentionSpec implements ModelSpec {
  @Override
  public String name() {
    return "source-attention";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Structural Knowledge Exploitation and Synergy for Estimating Node Importance Value on"
            + " Heterogeneous Information Networks",
        "Y. Chen, Y. Fang, Q. Wang, et al.",
        2024,
        "AAAI",
        "https://arxiv.org/abs/2402.12411");
  }

  @Override
  public List<Option> options() {
    SourceAttention.Config p = SourceAttention.Config.PRESET;
    SharedSourceAttention.Projection projection = p.attention().projection();
    SharedSourceAttention.Score score = p.attention().score();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(3), "n, width of a source"),
        Option.choice("stages", p.stages(), "how often attention runs"),
        Option.integer("width", projection.width(), List.of(4, 3), "d, of a projection"),
        Option.choice("activation", projection.activation(), "what follows the shared map"),
        Option.flag("adapters", projection.adapters(), "a map of its own for each source"),
        Option.choice("normaliseSources", projection.normalise(), "before the shared map"),
        Option.integer("heads", score.heads(), List.of(1, 2), "H, side by side"),
        Option.flag("scoreHidden", score.hidden(), "whether there is a layer below the score"),
        Option.integer("scoreWidth", score.hiddenWidth(), List.of(3), "d_a, of that layer"),
        Option.real("temperature", score.temperature(), List.of(0.7, 1.0), "τ"),
        Option.choice("aggregate", p.attention().sum().of(), "what is summed up"),
        Option.flag("residual", p.attention().sum().residual(), "adds the mean of projections"),
        Option.choice("attentionLevel", p.attention().level(), "whose scores count"),
        Option.real(
            "sourceDropout", p.attention().sourceDropout(), List.of(0.0, 0.4), "of whole sources"),
        Option.integers("hidden", p.hidden(), List.of("", "3"), "layers of the tower"),
        Option.real("dropout", p.style().dropout(), List.of(0.0, 0.3), "per layer of the tower"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return SharedSourceAttention.Sum.conflict(
        s.choice("aggregate", Aggregate.class), s.flag("residual"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new SourceAttention(
        new SourceAttention.Config(
            s.integer("embeddingDim"),
            s.choice("stages", SourceAttention.Stages.class),
            new SharedSourceAttention.Config(
                new SharedSourceAttention.Projection(
                    s.integer("width"),
                    s.choice("activation", Activation.class),
                    s.flag("adapters"),
                    s.choice("normaliseSources", Normalise.class)),
                new SharedSourceAttention.Score(
                    s.integer("heads"),
                    s.flag("scoreHidden"),
                    s.integer("scoreWidth"),
                    s.real("temperature")),
                new SharedSourceAttention.Sum(
                    s.choice("aggregate", Aggregate.class), s.flag("residual")),
                s.choice("attentionLevel", Level.class),
                s.real("sourceDropout")),
            s.list("hidden"),
            Mlp.Style.RELU.withDropout(s.real("dropout"))),
        schema,
        params);
  }
}
