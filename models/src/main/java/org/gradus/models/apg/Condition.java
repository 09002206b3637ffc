// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Scenarios;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// What weights are generated from: c of a sample, or several that generate side by side.
///
/// ```
/// c = the vector of the sample's group, of some fields, or the layer's own input x           (APG-1)
/// ```
public final class Condition {
  private final Config config;
  private final int dim;
  private final @Nullable Scenarios scenarios;
  private final @Nullable DenseParameter group; // [P, D]
  private final Map<String, Integer> places =
      new LinkedHashMap<>(); // first columns of fields in x, for MIX

  /// Whose c it is.
  public enum Kind {
    /// of the group that the sample belongs to, its scenario
    GROUP,
    /// of several fields
    MIX,
    /// of the sample as the layer sees it: its input
    SELF
  }

  /// How several fields speak together.
  public enum Combine {
    /// their vectors side by side
    CONCAT,
    /// the sum of their vectors
    SUM,
    /// the mean of what each generates
    OUTPUT
  }

  /// What a user may set.
  ///
  /// @param kind whose c it is
  /// @param fields for [Kind#MIX]; none for all fields of ids
  /// @param combine how they speak together
  /// @param stop whether c learns nothing from what it generates
  public record Config(Kind kind, List<String> fields, Combine combine, boolean stop) {
    /// The scenario.
    public static final Config GROUP = new Config(Kind.GROUP, List.of(), Combine.CONCAT, false);

    /// Copies the list.
    public Config {
      fields = List.copyOf(fields);
    }
  }

  /// The condition of a model whose embeddings have width `dim`.
  Condition(Config config, Schema schema, int dim, Params params) {
    this.config = config;
    this.dim = dim;
    boolean grouped = config.kind == Kind.GROUP;
    scenarios = grouped ? Scenarios.of("apg", schema) : null;
    group =
        scenarios == null
            ? null
            : params.weight("group", Shape.of(scenarios.count(), dim), Initializers.normal(0.01));
    if (config.kind == Kind.MIX) {
      mix(schema);
    }
  }

  private void mix(Schema schema) {
    Map<String, Integer> all = new LinkedHashMap<>();
    for (Field.Ids f : schema.ids()) {
      if (f instanceof Field.Categorical || f instanceof Field.MultiValued) {
        all.put(f.name(), all.size() * dim);
      }
    }
    for (String name : config.fields.isEmpty() ? List.copyOf(all.keySet()) : config.fields) {
      Integer at = all.get(name);
      if (at == null) {
        throw new IllegalArgumentException(
            "apg: a condition cannot read "
                + name
                + ". Expected some of: "
                + String.join(", ", all.keySet())
                + ".");
      }
      places.put(name, at);
    }
    if (places.isEmpty()) {
      throw new IllegalArgumentException(
          "apg: condition MIX of a schema without fields of ids. Expected one, or another"
              + " condition.");
    }
  }

  /// Names of what generates side by side, with the width of each c.
  ///
  /// @param in width of the layer's input
  Map<String, Integer> widths(int in) {
    Map<String, Integer> widths = new LinkedHashMap<>();
    switch (config.kind) {
      case GROUP -> widths.put("group", dim);
      case SELF -> widths.put("self", in);
      case MIX -> {
        switch (config.combine) {
          case CONCAT -> widths.put("fields", places.size() * dim);
          case SUM -> widths.put("fields", dim);
          case OUTPUT -> places.keySet().forEach(name -> widths.put(name, dim));
        }
      }
    }
    return widths;
  }

  /// The vectors of groups or fields, `[B, D_c]` each, in the order of [#widths]; none where each layer has its own.
  ///
  /// @param x the embeddings `[B, d]`
  List<Var> of(Batch batch, Var x, Mode mode) {
    List<Var> vectors = new ArrayList<>();
    if (group != null && scenarios != null) {
      Tape tape = mode.tape();
      int[] scenario = scenarios.of(batch);
      Var all = tape.use(group); //                                       [P, D]
      vectors.add(all.gather(0, tape.scope().upload(Shape.of(scenario.length), scenario)));
    }
    places.values().forEach(at -> vectors.add(x.slice(1, at, at + dim)));
    List<Var> given = new ArrayList<>();
    for (Var c : vectors) {
      given.add(config.stop ? c.stopGradient() : c);
    }
    if (given.size() < 2 || config.combine == Combine.OUTPUT) {
      return List.copyOf(given);
    }
    Var mixed =
        config.combine == Combine.CONCAT
            ? Var.concat(1, given)
            : given.stream().reduce(Var::add).orElseThrow();
    return List.of(mixed); //                                             [B, D_c]  (APG-1)
  }

  /// What a layer with input x generates from.
  List<Var> at(Var x, List<Var> given) {
    if (config.kind != Kind.SELF) {
      return given;
    }
    return List.of(config.stop ? x.stopGradient() : x);
  }
}
