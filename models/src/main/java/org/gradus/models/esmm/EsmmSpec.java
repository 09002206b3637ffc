// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.esmm;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.TaskExamples;
import org.gradus.models.esmm.Representation.Bottom;
import org.gradus.models.esmm.Representation.FieldPooling;

/// `--model esmm`.
public final class EsmmSpec implements ModelSpec {
  @Override
  public String name() {
    return "esmm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Entire Space Multi-Task Model: An Effective Approach for Estimating Post-Click Conversion"
            + " Rate",
        "X. Ma, L. Zhao, G. Huang et al.",
        2018,
        "SIGIR",
        "https://arxiv.org/abs/1804.07931");
  }

  @Override
  public List<Option> options() {
    Esmm.Config p = Esmm.Config.PAPER;
    return List.of(
        Option.choice("variant", p.variant(), "ESM2: with an action between click and conversion"),
        Option.words(
            "labels",
            p.labels(),
            List.of(""),
            "click, action if any, conversion, conversion given a click if any; empty for the"
                + " order of the schema"),
        Option.integer(
            "embeddingDim", p.input().embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.choice(
            "fieldPooling", p.input().pooling(), "vectors of fields side by side, or summed"),
        Option.choice("bottom", p.input().bottom(), "what lies between embeddings and towers"),
        Option.integers("bottomUnits", p.input().sizes(), List.of("4", "4,3"), "its layers"),
        Option.integer(
            "experts",
            p.input().experts().shared(),
            List.of(2, 1),
            "that all towers share, of the bottoms MMOE and PLE"),
        Option.integer(
            "specificExperts",
            p.input().experts().specific(),
            List.of(1, 2, 0),
            "that each tower has of its own, of the bottom PLE"),
        Option.integer(
            "levels", p.input().experts().levels(), List.of(2, 1), "of the bottom PLE; 1 is CGC"),
        Option.integers("towerUnits", p.tower(), List.of("3", "", "4,2"), "sizes of each tower"),
        Option.real("dropout", 0, List.of(0.0, 0.4), "share dropped per layer"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.BINARY);
  }

  /// Clicks, actions and conversions, and conversions of what was clicked.
  @Override
  public Schema exampleSchema(Settings s) {
    List<Field> fields = new ArrayList<>(TaskExamples.SCHEMA.fields());
    fields.removeIf(f -> f instanceof Field.Label || f instanceof Field.LabelMask);
    fields.add(new Field.Label("click", Field.LabelKind.BINARY));
    if (s.choice("variant", Esmm.Variant.class) == Esmm.Variant.ESM2) {
      fields.add(new Field.Label("cart", Field.LabelKind.BINARY));
    }
    fields.add(new Field.Label("buy", Field.LabelKind.BINARY));
    fields.add(new Field.Label("buy_of_clicked", Field.LabelKind.BINARY));
    fields.add(new Field.LabelMask("clicked", "buy_of_clicked"));
    return new Schema(fields);
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Esmm(
        new Esmm.Config(
            s.choice("variant", Esmm.Variant.class),
            s.wordList("labels"),
            new Representation.Config(
                s.integer("embeddingDim"),
                s.choice("fieldPooling", FieldPooling.class),
                s.choice("bottom", Bottom.class),
                s.list("bottomUnits"),
                new Representation.Mixture(
                    s.integer("experts"), s.integer("specificExperts"), s.integer("levels"))),
            s.list("towerUnits"),
            Mlp.Style.RELU.withDropout(s.real("dropout"))),
        schema,
        params);
  }
}
