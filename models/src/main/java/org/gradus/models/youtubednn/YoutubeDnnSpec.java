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
import org.gradus.models.youtubednn.NegativeSampler.Distribution;
import org.gradus.models.youtubednn.YoutubeDnn.Config;
import org.gradus.models.youtubednn.YoutubeDnn.Hits;
import org.gradus.models.youtubednn.YoutubeDnn.ItemTable;
import org.gradus.models.youtubednn.YoutubeDnn.Loss;
import org.gradus.models.youtubednn.YoutubeDnn.Negatives;
import org.gradus.models.youtubednn.YoutubeDnn.OutputActivation;
import org.gradus.models.youtubednn.YoutubeDnn.Similarity;
import org.gradus.models.youtubednn.YoutubeDnn.Training;
import org.gradus.models.youtubednn.YoutubeDnn.Vectors;
import org.gradus.tensor.Pooling;
import org.jspecify.annotations.Nullable;

/// `--model youtube-dnn`.
public final class YoutubeDnnSpec implements ModelSpec {
  @Override
  public String name() {
    return "youtube-dnn";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Neural Networks for YouTube Recommendations",
        "P. Covington, J. Adams, E. Sargin",
        2016,
        "RecSys",
        "https://doi.org/10.1145/2959100.2959190");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    Vectors v = p.vectors();
    Negatives n = p.negatives();
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(3), "width of an embedding"),
        Option.integers(
            "hidden",
            p.hidden(),
            List.of("4,3", "3"),
            "sizes of the tower; the last is the width of the vectors of users and items"),
        Option.words(
            "item",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "the field to retrieve; none: the one that shares its table with a sequence"),
        Option.choice("itemTable", v.itemTable(), "whose rows the softmax has"),
        Option.choice("similarity", v.similarity(), "of a user and an item"),
        Option.real("temperature", v.temperature(), List.of(0.5), "what logits are divided by"),
        Option.choice("outputActivation", v.output(), "after the last layer of the tower"),
        Option.flag("itemBias", v.bias(), "a constant per item"),
        Option.choice("loss", p.training().loss(), "in training"),
        Option.words(
            "hardNegatives",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "a list of items that were shown and not taken; none: no loss against them"),
        Option.real(
            "streamingRate",
            p.training().streamingRate(),
            List.of(0.0, 0.5),
            "of the stream's estimate of probabilities for IN_BATCH; 0: counts of the rows"),
        Option.flag("subtractLogQ", p.training().subtractLogQ(), "correct by expected counts"),
        Option.integer("negatives", n.count(), List.of(3), "negatives of a list"),
        Option.choice("sampler", n.distribution(), "how likely an item is to be a negative"),
        Option.real("power", n.power(), List.of(0.75), "of counts, for UNIGRAM"),
        Option.flag("unique", n.unique(), "negatives of a list are distinct"),
        Option.choice("accidentalHits", n.hits(), "negatives that are the label"));
  }

  private static Config config(Settings s) {
    return new Config(
        s.integer("embeddingDim"),
        s.list("hidden"),
        new Vectors(
            s.choice("itemTable", ItemTable.class),
            s.choice("similarity", Similarity.class),
            s.real("temperature"),
            s.choice("outputActivation", OutputActivation.class),
            s.flag("itemBias")),
        new Training(s.choice("loss", Loss.class), s.flag("subtractLogQ"), s.real("streamingRate")),
        new Negatives(
            s.integer("negatives"),
            s.choice("sampler", Distribution.class),
            s.real("power"),
            s.flag("unique"),
            s.choice("accidentalHits", Hits.class)));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return config(s).conflict();
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.noneOf(Field.LabelKind.class);
  }

  /// What was watched, what was searched for, who and when.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Categorical("item", 9),
        new Field.Sequence("watched", 9, "item", 4),
        new Field.MultiValued("searched", 6, "token", Pooling.MEAN, 3),
        new Field.Categorical("country", 5),
        new Field.Dense("age"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    YoutubeDnn.Named named =
        new YoutubeDnn.Named(
            String.join(",", s.wordList("item")), String.join(",", s.wordList("hardNegatives")));
    return new YoutubeDnn(config(s), named, schema, params);
  }
}
