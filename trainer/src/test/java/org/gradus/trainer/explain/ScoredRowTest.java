// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.junit.jupiter.api.Test;

/// What is printed of a row: steps and sessions by the names of what they hold, and nothing of padding.
class ScoredRowTest {
  private static ScoredRow scored(String model, Map<String, String> given, Batch row) {
    ModelSpec spec = Models.get(model);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      return ScoredRow.of(
          spec.create(spec.settings(given), row.schema(), params),
          device,
          row,
          (field, id) -> field + id);
    }
  }

  private static Batch.Builder row(Schema schema, int[] ids, int... lengths) {
    List<String> names = schema.ids().stream().map(Field.Ids::name).toList();
    return Batch.builder(schema, 1)
        .sparse(KeyedJaggedTensor.fromLengths(names, ids, lengths))
        .real("click", new float[] {1});
  }

  /// Three sessions, one of padding alone; of the first only the step of one column is known.
  @Test
  void sessionsAreNamedByTheirSteps() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", 9),
            new Field.Categorical("kind", 5),
            new Field.Sessions("visits", 9, "item", 3, 3),
            new Field.Sessions("kinds", 5, "kind", 3, 3),
            new Field.Label("click", Field.LabelKind.BINARY));
    int[] ids = {3, 2, 5, 0, 7, 0, 6, 4, 4, 0, 2, 0, 3, 3};
    JaggedIds sizes = new JaggedIds(new int[] {3, 1, 2}, null, new int[] {0, 3});
    Batch row =
        row(schema, ids, 1, 1, 6, 6).sessions("visits", sizes).sessions("kinds", sizes).build();
    ScoredRow scored = scored("dsin", Map.of("embeddingDim", "2", "heads", "2"), row);
    assertThat(scored.mixtures()).hasSize(2);
    for (Mixture m : scored.mixtures()) {
      assertThat(m.parts())
          .containsExactly(
              "visits5 · kinds4, visits7 · kinds2", "visits6 · kinds3, visits4 · kinds3");
      assertThat(m.weights()[0] + m.weights()[1])
          .isCloseTo(1, org.assertj.core.api.Assertions.within(1e-12));
    }
    assertThat(ScoredRowText.of(scored))
        .contains("activation/interests: 2 sessions of visits, kinds, oldest first")
        .contains("activation/states: 2 sessions of visits, kinds, oldest first")
        .contains("item3");
  }

  @Test
  void stepsAreNamedAndPaddingIsNone() {
    Schema schema =
        Schema.of(
            new Field.Categorical("item", 9),
            new Field.Sequence("viewed", 9, "item", 4),
            new Field.Label("click", Field.LabelKind.BINARY));
    Batch row = row(schema, new int[] {3, 0, 5, 0, 7}, 1, 4).build();
    ScoredRow scored = scored("din", Map.of("embeddingDim", "2"), row);
    assertThat(scored.mixtures().getFirst().parts()).containsExactly("viewed5", "viewed7");
    assertThat(ScoredRowText.of(scored))
        .contains("attention/viewed: 2 steps of viewed, oldest first");
    Batch one = row(schema, new int[] {3, 5}, 1, 1).build();
    assertThat(ScoredRowText.of(scored("din", Map.of("embeddingDim", "2"), one)))
        .contains("attention/viewed: 1 step of viewed, oldest first");
  }

  /// In AutoInt each field asks all of them, head by head; numbers come after ids.
  @Test
  void fieldsThatAskAreNamed() {
    Schema schema =
        Schema.of(
            new Field.Dense("price"),
            new Field.Categorical("item", 9),
            new Field.Label("click", Field.LabelKind.BINARY));
    Batch row = row(schema, new int[] {3}, 1).dense(new float[] {0.5f}).build();
    Map<String, String> given = Map.of("layers", "1", "heads", "2", "headDim", "2");
    ScoredRow scored = scored("autoint", given, row);
    assertThat(scored.mixtures().stream().map(Mixture::name))
        .containsExactly(
            "attention/0/0/item",
            "attention/0/0/price",
            "attention/0/1/item",
            "attention/0/1/price");
    for (Mixture m : scored.mixtures()) {
      assertThat(m.parts()).containsExactly("item", "price");
      assertThat(m.weights()[0] + m.weights()[1])
          .isCloseTo(1, org.assertj.core.api.Assertions.within(1e-12));
    }
  }
}
