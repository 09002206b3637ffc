// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

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
import org.jspecify.annotations.Nullable;

/// `--model ls-plm`.
public final class LsPlmSpec implements ModelSpec {
  /// What gate and experts read.
  public enum Features {
    /// both all fields
    SHARED,
    /// the gate `gateFields`, the experts the others
    SPLIT
  }

  @Override
  public String name() {
    return "ls-plm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Learning Piece-wise Linear Models from Large Scale Data for Ad Click Prediction",
        "K. Gai, X. Zhu, H. Li, K. Liu, Z. Wang",
        2017,
        "arXiv",
        "https://arxiv.org/abs/1704.05194");
  }

  @Override
  public List<Option> options() {
    LsPlm.Config p = LsPlm.Config.PAPER;
    return List.of(
        Option.integer("m", p.regions(), List.of(2, 3), "number of regions"),
        Option.choice("features", Features.SHARED, "SPLIT: gate and experts read different fields"),
        // the samples fit every schema that models are checked on
        Option.words(
            "gateFields",
            p.fields().gate(),
            List.of("*e*"),
            "what the gate reads when split: names, or patterns with *"),
        Option.words(
            "biasFields",
            p.fields().bias(),
            List.of("", "h*,p*"),
            "fields of a factor of the probability: names, or patterns with *"),
        Option.flag("bias", p.bias(), "a constant feature for gate and experts"),
        Option.real(
            "lambda",
            p.penalty().lambda(),
            List.of(0.0, 0.3),
            "λ, times the lengths of Θ's rows; the paper's 1 is 1/N"),
        Option.real(
            "beta",
            p.penalty().beta(),
            List.of(0.0, 0.2),
            "β, times the magnitudes of Θ; the paper's 1 is 1/N"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.BINARY);
  }

  @Override
  public @Nullable String misses(Settings s, Schema schema) {
    List<String> gate = s.wordList("gateFields");
    boolean chosen = !gate.equals(LsPlm.Config.PAPER.fields().gate());
    return chosen && s.choice("features", Features.class) == Features.SHARED
        ? "gateFields="
            + String.join(",", gate)
            + " is not read, for gate and experts read all fields; with features=SPLIT it is"
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new LsPlm(
        new LsPlm.Config(
            s.integer("m"),
            s.flag("bias"),
            new LsPlm.Fields(
                s.choice("features", Features.class) == Features.SPLIT,
                s.wordList("gateFields"),
                s.wordList("biasFields")),
            new LsPlm.Penalty(s.real("lambda"), s.real("beta"))),
        schema,
        params);
  }
}
