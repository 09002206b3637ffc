// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleBatchesTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("x"),
          new Field.Categorical("c", 1_000_000),
          new Field.Categorical("tiny", 2),
          new Field.MultiValued("m", 5, "m", Pooling.MEAN, 4),
          new Field.Sequence("items", 30, "item", 6),
          new Field.Sequence("categories", 9, "category", 6),
          new Field.Sessions("sessions", 30, "item", 3, 2),
          new Field.Dense("y"),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("rating", Field.LabelKind.REGRESSION),
          new Field.LabelMask("rated", "rating"),
          new Field.SampleWeight("w"),
          new Field.Group("user"),
          new Field.Domain("domain", 3),
          new Field.Timestamp("time"),
          new Field.Series("power", 3, 2));

  /// The builder checks ranges and lengths; every column must be there at every size.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 17})
  void fillsEveryColumn(int size) {
    Batch batch = SampleBatches.draw(SCHEMA, size, size);
    assertThat(batch.size()).isEqualTo(size);
    assertThat(batch.dense()).hasSize(2 * size).doesNotContain(0f);
    assertThat(batch.label("click")).hasSize(size);
    assertThat(batch.label("rating")).hasSize(size);
    assertThat(batch.labelMask("rating")).hasSize(size).contains(1f);
    assertThat(batch.sampleWeights()).hasSize(size);
    assertThat(batch.groups()).hasSize(size);
    assertThat(batch.domains()).hasSize(size);
    assertThat(batch.timestamps()).hasSize(size);
    assertThat(batch.series("power")).hasSize(5 * size).doesNotContain(0f);
    assertThat(batch.sessions("sessions").bags()).isEqualTo(size);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void holdsWhatBreaksModels(long seed) {
    Batch batch = SampleBatches.draw(SCHEMA, 5, seed);
    KeyedJaggedTensor ids = batch.sparse();
    int[] c = ids.of("c").values();
    assertThat(c[4]).isEqualTo(c[0]);
    assertThat(ids.of("tiny").values()).containsOnly(1);

    JaggedIds m = ids.of("m");
    assertThat(m.lengths()).startsWith(4, 0);
    assertThat(m.values()[1]).isEqualTo(m.values()[0]).isPositive();
    assertThat(m.values()[2]).isZero();

    assertThat(ids.of("items").lengths()).startsWith(6, 0);
    assertThat(ids.of("categories").lengths()).isEqualTo(ids.of("items").lengths());
    assertThat(ids.of("items").values()).doesNotContain(0);

    JaggedIds sessions = batch.sessions("sessions");
    assertThat(sessions.lengths()).startsWith(3, 0);
    assertThat(sessions.values()).startsWith(2, 2, 2).doesNotContain(0);

    assertThat(batch.label("click")).startsWith(1, 0).containsOnly(0, 1);
    assertThat(batch.labelMask("rating")).startsWith(1, 1).endsWith(0).containsOnly(0, 1);
    assertThat(batch.domains()).startsWith(0, 1, 2);
  }

  @Test
  void reachesTheLastRowOfALargeTableAndRepeats() {
    Batch batch = SampleBatches.draw(SCHEMA, 200, 1);
    Set<Integer> distinct = new HashSet<>();
    for (int id : batch.sparse().of("c").values()) {
      distinct.add(id);
    }
    assertThat(distinct).hasSize(8).contains(1, 999_999);
    long[] groups = batch.groups();
    assertThat(groups).isNotNull();
    assertThat(Arrays.stream(groups).distinct().count()).isLessThan(100);
  }

  @Test
  void isAFunctionOfSchemaSizeAndSeed() {
    Batch a = SampleBatches.draw(SCHEMA, 9, 4);
    Batch b = SampleBatches.draw(SCHEMA, 9, 4);
    Batch other = SampleBatches.draw(SCHEMA, 9, 5);
    assertThat(a.sparse().values()).isEqualTo(b.sparse().values());
    assertThat(a.sparse().offsets()).isEqualTo(b.sparse().offsets());
    assertThat(a.dense()).isEqualTo(b.dense()).isNotEqualTo(other.dense());
    assertThat(a.timestamps()).isEqualTo(b.timestamps()).isNotEqualTo(other.timestamps());
    Batch alone = SampleBatches.draw(Schema.of(new Field.Sequence("items", 30, "item", 6)), 9, 4);
    assertThat(alone.sparse().values()).isEqualTo(a.sparse().of("items").values());
  }

  @Test
  void refusesAnEmptyBatch() {
    assertThatThrownBy(() -> SampleBatches.draw(SCHEMA, 0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 examples");
  }
}
