// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.widedeep;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.widedeep.WideDeep.WideTerm;
import org.jspecify.annotations.Nullable;

/// `--model wide-deep`.
public final class WideDeepSpec implements ModelSpec {
  @Override
  public String name() {
    return "wide-deep";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Wide & Deep Learning for Recommender Systems",
        "H.-T. Cheng, L. Koc, J. Harmsen et al.",
        2016,
        "DLRS",
        "https://arxiv.org/abs/1606.07792");
  }

  @Override
  public List<Option> options() {
    WideDeep.Config p = WideDeep.Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integers("hidden", p.hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.real("dropout", p.dropout(), List.of(0.0, 0.4), "share dropped per layer"),
        Option.choice("wide", p.wide().term(), "FM: a second order beside the linear terms"),
        Option.flag("wideRaw", p.wide().raw(), "x itself, the features, in the wide part"),
        Option.words(
            "crosses",
            p.wide().crosses(),
            List.of("pairs", ""),
            "in the wide part: a*b, a=2&b=3, or pairs for all pairs of fields"),
        Option.integer(
            "buckets",
            p.wide().buckets(),
            List.of(0, 5),
            "rows of a hashed cross; 0: one per combination"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return !s.flag("wideRaw")
            && s.wordList("crosses").isEmpty()
            && s.choice("wide", WideTerm.class) == WideTerm.LINEAR
        ? "wide-deep: wideRaw=false without crosses leaves a tower alone. Expected crosses, or"
            + " wideRaw=true."
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    return new WideDeep(
        new WideDeep.Config(
            s.integer("embeddingDim"),
            s.list("hidden"),
            s.real("dropout"),
            new WideDeep.Wide(
                s.choice("wide", WideTerm.class),
                s.flag("wideRaw"),
                s.wordList("crosses"),
                s.integer("buckets"))),
        schema,
        params);
  }
}
