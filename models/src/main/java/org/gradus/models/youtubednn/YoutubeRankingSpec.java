// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.youtubednn.YoutubeRanking.Config;
import org.gradus.tensor.Pooling;

/// `--model youtube-ranking`.
public final class YoutubeRankingSpec implements ModelSpec {
  @Override
  public String name() {
    return "youtube-ranking";
  }

  @Override
  public Paper paper() {
    return new YoutubeDnnSpec().paper();
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    WatchTime w = p.watchTime();
    return List.of(
        Option.integer(
            "embeddingDim",
            p.embeddingDim(),
            List.of(0, 3),
            "width of an embedding; 0 for the logarithm of its table's size"),
        Option.integers("hidden", p.hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.integer("quantiles", p.quantiles(), List.of(5), "of each number"),
        Option.choice("weighting", w.weighting(), "what a click adds besides its watch time"),
        Option.choice("normalise", w.normalise(), "what the sum of a batch is divided by"),
        Option.real("watchCap", w.cap(), List.of(0.0, 1.0), "longest time that counts; 0 for any"),
        Option.real("maxLogit", w.maxLogit(), List.of(20.0), "bound before the exponential"),
        Option.real(
            "negativeKeepRate",
            p.negativeKeepRate(),
            List.of(1.0, 0.5),
            "share of the negatives that the data kept"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.BINARY);
  }

  /// A candidate, what was watched before, and for how long this one was.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("sinceLastWatch"),
        new Field.Dense("impressions"),
        new Field.Categorical("video", 9),
        new Field.Sequence("watched", 9, "video", 4),
        new Field.MultiValued("languages", 5, "language", Pooling.MEAN, 3),
        new Field.Label("click", Field.LabelKind.BINARY),
        new Field.SampleWeight("seconds"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new YoutubeRanking(
        new Config(
            s.integer("embeddingDim"),
            s.list("hidden"),
            s.integer("quantiles"),
            new WatchTime(
                s.choice("weighting", WatchTime.Weighting.class),
                s.choice("normalise", WatchTime.Normalise.class),
                s.real("watchCap"),
                s.real("maxLogit")),
            s.real("negativeKeepRate")),
        schema,
        params);
  }
}
