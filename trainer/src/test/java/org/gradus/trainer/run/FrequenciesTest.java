// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Pooling;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// How often a row of a table occurs.
class FrequenciesTest {
  private static final int IDS = 1 << 22;
  private static final Schema SCHEMA =
      Schema.of(new Field.MultiValued("words", 4, "word", Pooling.MEAN, IDS));

  /// The same batch several times: one example of 2²² ids, all the same but one.
  private record Rows(int times) implements Examples {
    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public long rows() {
      return times;
    }

    @Override
    public Stream stream(Pass pass) {
      int[] ids = new int[IDS];
      java.util.Arrays.fill(ids, 3);
      ids[7] = 2;
      KeyedJaggedTensor words =
          KeyedJaggedTensor.fromLengths(List.of("words"), ids, new int[] {IDS});
      Batch batch = Batch.builder(SCHEMA, 1).sparse(words).build();
      int[] next = {0};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          return next[0]++ < times ? batch : null;
        }

        @Override
        public void close() {}
      };
    }
  }

  /// Beyond 2²⁴ a float32 does not change when 1 is added.
  @Test
  void countsDoNotStopAtWhatAFloatHolds() {
    assertThat(Frequencies.of(new Rows(5), 1).get("word")).containsExactly(0, 0, 5, 5L * (IDS - 1));
  }
}
