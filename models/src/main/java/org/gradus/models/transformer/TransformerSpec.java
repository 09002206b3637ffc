// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.FeedForward;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.PositionEncoding;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.transformer.Transformer.Config;
import org.jspecify.annotations.Nullable;

/// `--model transformer`. Its presets are a small model; [Config#PAPER] is the paper's.
public final class TransformerSpec implements ModelSpec {
  @Override
  public String name() {
    return "transformer";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Attention Is All You Need",
        "A. Vaswani, N. Shazeer, N. Parmar et al.",
        2017,
        "NIPS",
        "https://arxiv.org/abs/1706.03762");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    TransformerEncoder.Config b = p.blocks();
    MultiHeadAttention.Config a = b.attention();
    return List.of(
        Option.words("source", List.of("source"), List.of("source"), "the sequence that is read"),
        Option.words("target", List.of("target"), List.of("target"), "the one that is written"),
        Option.integer("width", 128, List.of(4), "of every vector; the heads share it"),
        Option.integer("layers", 2, List.of(1), "of the encoder, and of the decoder"),
        Option.integer("heads", b.heads(), List.of(2), "of every attention"),
        Option.integer("hidden", 512, List.of(6), "units of the network at every position"),
        Option.choice("activation", b.network().activation(), "of these units"),
        Option.choice("norm", b.norm(), "where normalisation stands"),
        Option.choice("positions", p.positions(), "how order is said"),
        Option.flag("scaleEmbedding", p.scaleEmbedding(), "vectors of tokens times √width"),
        Option.choice("attentionScale", a.scale(), "what attention scores are divided by"),
        Option.choice("projection", a.projection(), "how a head gets queries, keys and values"),
        Option.flag("attentionBias", a.bias(), "biases in attention"),
        Option.flag("tieOutput", p.output().tied(), "scores by the vectors of the target's tokens"),
        Option.flag("outputBias", p.output().bias(), "a bias for every score"),
        Option.choice("smoothingKind", p.smoothing().kind(), "where the share goes"),
        Option.real("smoothing", p.smoothing().epsilon(), List.of(0.1), "share of a target"),
        Option.integer("begin", p.marks().begin(), List.of(2), "the id that targets begin with"),
        Option.integer("end", p.marks().end(), List.of(3), "the id that targets end with"),
        Option.real("dropout", b.dropout(), List.of(0.0, 0.3), "of embeddings and parts"),
        Option.real("attentionDropout", 0, List.of(0.0), "of attention weights"),
        Option.real("networkDropout", 0, List.of(0.0, 0.3), "of the network's units"));
  }

  /// Two sequences, of tables and lengths of their own.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Sequence(name(settings, "source"), 6, "words", 4),
        new Field.Sequence(name(settings, "target"), 7, "translated", 5));
  }

  /// None: the objective is a loss of the model's own.
  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.noneOf(Field.LabelKind.class);
  }

  @Override
  public @Nullable String conflict(Settings s) {
    if (s.integer("width") % s.integer("heads") != 0) {
      return "transformer: "
          + s.integer("heads")
          + " heads of width "
          + s.integer("width")
          + ". Expected a number of heads that divides the width.";
    }
    return null;
  }

  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    if (s.flag("attentionBias")) {
      for (int l = 0; l < s.integer("layers"); l++) {
        for (String part :
            List.of(
                "encoder/" + l + "/attention",
                "decoder/" + l + "/attention",
                "decoder/" + l + "/cross")) {
          zeros.put(part + "/key/bias", "added to all scores of a softmax");
        }
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    return new Transformer(
        config(s),
        Transformer.sequence(name(s, "source"), schema),
        Transformer.sequence(name(s, "target"), schema),
        params);
  }

  private static String name(Settings s, String option) {
    return String.join(",", s.wordList(option));
  }

  private static Config config(Settings s) {
    MultiHeadAttention.Config attention =
        new MultiHeadAttention.Config(
            s.choice("attentionScale", MultiHeadAttention.Scale.class),
            s.choice("projection", MultiHeadAttention.Projection.class),
            MultiHeadAttention.Split.FEATURES,
            s.flag("attentionBias"),
            s.real("attentionDropout"),
            0);
    return new Config(
        s.integer("width"),
        new TransformerEncoder.Config(
            s.integer("layers"),
            s.integer("heads"),
            s.choice("norm", Residual.Norm.class),
            attention,
            new FeedForward.Config(
                s.integer("hidden"),
                s.choice("activation", FeedForward.Activation.class),
                s.real("networkDropout")),
            s.real("dropout")),
        s.choice("positions", PositionEncoding.Kind.class),
        s.flag("scaleEmbedding"),
        new Transformer.Output(s.flag("tieOutput"), s.flag("outputBias")),
        new LabelSmoothing(
            s.choice("smoothingKind", LabelSmoothing.Kind.class), s.real("smoothing"), 0),
        new Transformer.Marks(s.integer("begin"), s.integer("end")));
  }
}
