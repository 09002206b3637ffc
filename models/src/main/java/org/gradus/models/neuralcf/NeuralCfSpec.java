// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.neuralcf;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.neuralcf.NeuralCf.Variant;
import org.jspecify.annotations.Nullable;

/// `--model neural-cf`.
public final class NeuralCfSpec implements ModelSpec {
  @Override
  public String name() {
    return "neural-cf";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Neural Collaborative Filtering",
        "X. He, L. Liao, H. Zhang, L. Nie, X. Hu, T.-S. Chua",
        2017,
        "WWW",
        "https://arxiv.org/abs/1708.05031");
  }

  @Override
  public List<Option> options() {
    NeuralCf.Config p = NeuralCf.Config.PAPER;
    UserAndItem.Fields f = UserAndItem.Fields.USUAL;
    return List.of(
        Option.choice("variant", p.variant(), "the product, the tower, or both"),
        Option.integer("factors", p.factors(), List.of(2, 3), "width of the product"),
        Option.integer(
            "embeddingDim",
            p.tower().embeddingDim(),
            List.of(2, 3),
            "width of the tower's vectors"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.flag("sharedEmbeddings", p.sharedEmbeddings(), "one pair of tables for both halves"),
        Option.flag("outputBias", p.outputBias(), "a constant in the score"),
        Option.real(
            "alpha", p.alpha(), List.of(0.5), "share of GMF where NeuMF starts from both halves"),
        // the samples fit every schema that models are checked on
        Option.words(
            "user", f.user(), List.of("user,bought"), "field of the user, or the first of several"),
        Option.words(
            "item",
            f.item(),
            List.of("city,tags,item"),
            "field of the item, or the first of several"));
  }

  private static NeuralCf.Config config(Settings s) {
    return new NeuralCf.Config(
        s.choice("variant", Variant.class),
        s.integer("factors"),
        new NeuralCf.Tower(s.integer("embeddingDim"), s.list("hidden")),
        s.flag("sharedEmbeddings"),
        s.flag("outputBias"),
        s.real("alpha"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return config(s).conflict();
  }

  /// With a user and an item of the names that the settings ask for.
  @Override
  public Schema exampleSchema(Settings s) {
    List<Field> fields = new ArrayList<>(ModelSpec.super.exampleSchema(s).fields());
    for (String role : List.of("user", "item")) {
      List<String> names = s.wordList(role);
      if (!names.isEmpty() && fields.stream().noneMatch(f -> names.contains(f.name()))) {
        fields.addFirst(new Field.Categorical(names.getFirst(), 6));
      }
    }
    return new Schema(fields);
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new NeuralCf(
        config(s), new UserAndItem.Fields(s.wordList("user"), s.wordList("item")), schema, params);
  }
}
