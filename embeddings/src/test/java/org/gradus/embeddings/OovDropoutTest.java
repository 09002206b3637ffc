// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class OovDropoutTest {
  private static KeyedJaggedTensor ids(int n, int id) {
    int[] values = new int[n];
    Arrays.fill(values, id);
    return KeyedJaggedTensor.oneHot(List.of("f"), values, n);
  }

  private static int replaced(KeyedJaggedTensor ids) {
    int n = 0;
    for (int id : ids.values()) {
      n += id == 1 ? 1 : 0;
    }
    return n;
  }

  /// 10 000 draws at 0.1: 1000 ± 5 · 30.
  @Test
  void replacesTheShare() {
    KeyedJaggedTensor in = ids(10_000, 7);
    KeyedJaggedTensor out = new OovDropout(0.1f, 5).apply(in, 3);
    assertThat(replaced(out)).isBetween(850, 1150);
    for (int id : out.values()) {
      assertThat(id == 1 || id == 7).isTrue();
    }
    assertThat(replaced(in)).isZero();
  }

  @Test
  void isAFunctionOfSeedStepAndPosition() {
    KeyedJaggedTensor in = ids(200, 7);
    OovDropout dropout = new OovDropout(0.5f, 5);
    int[] first = dropout.apply(in, 3).values();
    assertThat(dropout.apply(in, 3).values()).isEqualTo(first);
    assertThat(dropout.apply(in, 4).values()).isNotEqualTo(first);
    assertThat(new OovDropout(0.5f, 6).apply(in, 3).values()).isNotEqualTo(first);
    assertThat(dropout.apply(ids(100, 7), 3).values()).isEqualTo(Arrays.copyOf(first, 100));
  }

  @Test
  void paddingStaysAndNothingHappensAtShareZero() {
    assertThat(new OovDropout(0.9f, 1).apply(ids(500, 0), 0).values()).containsOnly(0);
    KeyedJaggedTensor in = ids(5, 7);
    assertThat(new OovDropout(0, 1).apply(in, 0)).isSameAs(in);
  }

  @Test
  void batchesKeepTheirOtherColumns() {
    Schema schema =
        Schema.of(new Field.Categorical("c", 50), new Field.Label("y", Field.LabelKind.REGRESSION));
    Batch in = SampleBatches.draw(schema, 64, 2);
    Batch out = new OovDropout(0.5f, 1).apply(in, 1);
    assertThat(out.label("y")).isSameAs(in.label("y"));
    assertThat(replaced(out.sparse())).isGreaterThan(replaced(in.sparse()));
  }

  @Test
  void saysWhatIsWrong() {
    for (float share : new float[] {-0.1f, 1, Float.NaN}) {
      assertThatThrownBy(() -> new OovDropout(share, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("share " + share);
    }
  }
}
