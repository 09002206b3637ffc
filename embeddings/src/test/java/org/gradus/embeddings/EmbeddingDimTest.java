// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/// Rules for the width of an embedding, at sizes worked out by hand, rounded up.
class EmbeddingDimTest {
  @Test
  void logarithm() {
    assertThat(EmbeddingDim.log2(100)).isEqualTo(7); //    6.643856
    assertThat(EmbeddingDim.log2(10_000)).isEqualTo(14); // 13.287712
    assertThat(EmbeddingDim.log2(1000)).isEqualTo(10); //  9.965784
    assertThat(EmbeddingDim.log2(1024)).isEqualTo(10); // exact powers are not rounded up
    assertThat(EmbeddingDim.log2(1025)).isEqualTo(11);
    assertThat(EmbeddingDim.log2(1)).isEqualTo(1);
    assertThat(EmbeddingDim.log2(Long.MAX_VALUE)).isEqualTo(63);
  }

  @Test
  void fourthRoot() {
    assertThat(EmbeddingDim.fourthRoot(100, 6)).isEqualTo(19); //     18.973666
    assertThat(EmbeddingDim.fourthRoot(10_000, 6)).isEqualTo(60); //  60 exactly
    assertThat(EmbeddingDim.fourthRoot(100, 16)).isEqualTo(51); //    50.596443
    assertThat(EmbeddingDim.fourthRoot(10_000, 16)).isEqualTo(160); // 160 exactly
    assertThat(EmbeddingDim.fourthRoot(1000, 6)).isEqualTo(34); //    33.740480
  }

  @Test
  void cap() {
    assertThat(EmbeddingDim.capped(EmbeddingDim.fourthRoot(10_000, 16), 64)).isEqualTo(64);
    assertThat(EmbeddingDim.capped(EmbeddingDim.log2(100), 64)).isEqualTo(7);
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> EmbeddingDim.log2(0), "n = 0");
    refuses(() -> EmbeddingDim.fourthRoot(10, 17), "k = 17");
    refuses(() -> EmbeddingDim.fourthRoot(10, Double.NaN), "k = NaN");
    refuses(() -> EmbeddingDim.capped(4, 0), "cap 0");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
