// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// The scenarios of a schema: every example comes from one of them, and has one prediction per task wherever it comes from.
///
/// @param model said in messages
/// @param count P
public record Scenarios(String model, int count) {
  /// Those of the domain field of a schema.
  public static Scenarios of(String model, Schema schema) {
    Field.Domain domain =
        schema
            .one(Field.Domain.class)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        model
                            + ": the schema has no domain field. Expected one, which says what"
                            + " scenario an example comes from."));
    return new Scenarios(model, domain.domains());
  }

  /// The scenario of each example, `[B]`, 0 … P−1.
  public int[] of(Batch batch) {
    int[] scenarios = batch.domains();
    for (int b = 0; b < scenarios.length; b++) {
      if (scenarios[b] < 0 || scenarios[b] >= count) {
        throw new IllegalArgumentException(
            model
                + ": domain "
                + scenarios[b]
                + " of example "
                + b
                + ". Expected 0 to "
                + (count - 1)
                + ", as in the schema that the model was built from.");
      }
    }
    return scenarios;
  }
}
