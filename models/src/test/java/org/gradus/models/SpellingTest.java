// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
  private static final List<String> NAMES = List.of("lr", "fm", "deepfm", "dcn-v2", "wide-deep");

  @ParameterizedTest
  @CsvSource({
    "deepmf, deepfm",
    "deep-fm, deepfm",
    "DeepFM, deepfm",
    "dcnv2, dcn-v2",
    "widedepp, wide-deep",
    "lrr, lr"
  })
  void aNameIsGuessed(String given, String meant) {
    assertThat(Spelling.hint(given, NAMES)).isEqualTo(" Did you mean " + meant + "?");
  }

  @Test
  void nothingIsGuessedOfOtherWords() {
    assertThat(Spelling.hint("transformer9000", NAMES)).isEmpty();
    assertThat(Spelling.hint("anything", List.of())).isEmpty();
    assertThat(Spelling.hint("z", List.of("a", "b"))).as("no letter in common").isEmpty();
    assertThat(Spelling.hint("", List.of("a"))).isEmpty();
  }

  /// By hand: two letters changed and one added.
  @Test
  void distanceCountsLetters() {
    assertThat(Spelling.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(Spelling.distance("", "abc")).isEqualTo(3);
    assertThat(Spelling.distance("abc", "abc")).isZero();
  }
}
