// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.autograd.Var;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// The one label that a single-task model predicts.
///
/// @param label its name
/// @param kind binary: the prediction is a logit; regression: it is the value itself
public record Target(String label, Field.LabelKind kind) {
  /// The only label of a schema.
  public static Target only(Schema schema) {
    refuseSeries("model", schema);
    if (schema.labels().isEmpty()) {
      throw new IllegalArgumentException("model: the schema has 0 labels. Expected one.");
    }
    if (schema.labels().size() != 1) {
      throw new IllegalArgumentException(
          "model: the schema has "
              + schema.labels().size()
              + " labels "
              + schema.labels().stream().map(Field.Label::name).toList()
              + ". Expected one: data with the others left out, or a model of several tasks, such"
              + " as shared-bottom or mmoe.");
    }
    Field.Label l = schema.labels().getFirst();
    return new Target(l.name(), l.kind());
  }

  /// Fails for a schema with series.
  ///
  /// @param model said in the message
  static void refuseSeries(String model, Schema schema) {
    if (!schema.series().isEmpty()) {
      throw new IllegalArgumentException(
          model
              + ": field "
              + schema.series().getFirst().name()
              + " is a series, which this model does not read. Expected a forecasting model, or"
              + " data without series.");
    }
  }

  /// The only label of a schema, for a model whose prediction is a probability.
  ///
  /// @param model said in the message
  public static Target binary(String model, Schema schema) {
    Target only = only(schema);
    if (only.kind != Field.LabelKind.BINARY) {
      throw new IllegalArgumentException(
          model
              + ": label "
              + only.label
              + " is "
              + only.kind
              + ", and the model predicts a probability. Expected a label of kind BINARY.");
    }
    return only;
  }

  /// The prediction z `[B]` as the head of this label.
  public Outputs outputs(Var z) {
    return Outputs.head(label, head(z));
  }

  /// The prediction z `[B]` as a head.
  public Head head(Var z) {
    return switch (kind) {
      case BINARY -> new Head.Logit(z);
      case REGRESSION -> new Head.Value(z);
    };
  }
}
