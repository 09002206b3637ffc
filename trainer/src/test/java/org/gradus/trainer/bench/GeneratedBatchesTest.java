// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.gradus.data.Examples;
import org.gradus.data.Examples.Pass;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratedBatchesTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("city", 5),
          new Field.Dense("age"),
          new Field.MultiValued("tags", 9, "tags", Pooling.MEAN, 3),
          new Field.Sequence("history", 30, "item", 4),
          new Field.Categorical("candidate", 30, "item"),
          new Field.Sessions("visits", 30, "item", 2, 3),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("spent", Field.LabelKind.REGRESSION),
          new Field.LabelMask("observed", "spent"),
          new Field.SampleWeight("weight"),
          new Field.Group("user"),
          new Field.Domain("scenario", 3),
          new Field.Timestamp("time"));

  @TempDir private Path folder = Path.of("");

  @Test
  void aPreparedFileHoldsTheSameRows() {
    Path file = folder.resolve("train.rows");
    GeneratedBatches.write(file, SCHEMA, 6, 3);
    try (PreparedFile rows = PreparedFile.open(file);
        Examples.Stream stream = rows.stream(Pass.inOrder(6))) {
      assertThat(rows.rows()).isEqualTo(18);
      for (int n = 0; n < 3; n++) {
        Batch read = Objects.requireNonNull(stream.next());
        Batch drawn = GeneratedBatches.draw(SCHEMA, 6, n);
        assertThat(read.dense()).containsExactly(drawn.dense());
        for (Field.Ids f : SCHEMA.ids()) {
          assertThat(read.sparse().of(f.name()).values())
              .as("%s", f)
              .containsExactly(drawn.sparse().of(f.name()).values());
          assertThat(read.sparse().of(f.name()).offsets())
              .as("%s", f)
              .containsExactly(drawn.sparse().of(f.name()).offsets());
        }
        assertThat(read.sessions("visits").values()).containsOnly(3).hasSize(12);
        assertThat(read.label("click")).containsExactly(drawn.label("click"));
        assertThat(read.label("spent")).containsExactly(drawn.label("spent"));
        assertThat(read.labelMask("spent")).containsOnly(1);
        assertThat(read.sampleWeights()).containsOnly(1);
        assertThat(read.groups()).containsExactly(drawn.groups());
        assertThat(read.domains()).containsExactly(drawn.domains());
        assertThat(read.timestamps()).containsExactly(drawn.timestamps());
      }
      assertThat(stream.next()).isNull();
    }
  }

  @Test
  void idsReachEveryRowButPaddingAndListsAreFull() {
    Batch batch = GeneratedBatches.draw(SCHEMA, 400, 0);
    assertThat(batch.sparse().of("city").values()).containsOnly(1, 2, 3, 4);
    assertThat(batch.sparse().of("history").values()).hasSize(1600).doesNotContain(0);
    assertThat(Arrays.stream(batch.sparse().of("history").values()).distinct().count())
        .isEqualTo(29);
    assertThat(batch.label("click")).containsOnly(0, 1);
  }
}
