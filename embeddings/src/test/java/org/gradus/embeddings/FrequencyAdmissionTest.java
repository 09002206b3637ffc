// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.gradus.embeddings.FrequencyAdmission.Config;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrequencyAdmissionTest {
  private static FrequencyAdmission admission(int minCount, int size) {
    return new FrequencyAdmission(new Config(minCount, size, 10_000, 1e-9));
  }

  @Test
  void admitsAtTheKthOccurrenceInOrderOfAdmission() {
    FrequencyAdmission admission = admission(3, 100);
    assertThat(admission.observe("b")).isEqualTo(1);
    assertThat(admission.observe("a")).isEqualTo(1);
    assertThat(admission.observe("a")).isEqualTo(1);
    assertThat(admission.observe("a")).isEqualTo(2);
    assertThat(admission.observe("b")).isEqualTo(1);
    assertThat(admission.observe("b")).isEqualTo(3);
    assertThat(admission.observe("a")).isEqualTo(2);
    assertThat(admission.admitted()).isEqualTo(2);
  }

  @Test
  void lookingUpDoesNotCount() {
    FrequencyAdmission admission = admission(2, 100);
    for (int i = 0; i < 5; i++) {
      assertThat(admission.id(7)).isEqualTo(1);
    }
    assertThat(admission.observe(7)).isEqualTo(1);
    assertThat(admission.id(7)).isEqualTo(1);
    assertThat(admission.observe(7)).isEqualTo(2);
    assertThat(admission.id(7)).isEqualTo(2);
    assertThat(admission.id("7")).isEqualTo(1); // a number and a text are different tokens
  }

  @Test
  void atSightWhenOneOccurrenceIsEnough() {
    FrequencyAdmission admission = admission(1, 100);
    assertThat(admission.observe("x")).isEqualTo(2);
    assertThat(admission.observe("y")).isEqualTo(3);
    assertThat(admission.approximateTokens()).isZero();
  }

  @Test
  void aFullTableAdmitsNobody() {
    FrequencyAdmission admission = admission(2, 4);
    for (int i = 0; i < 3; i++) {
      for (long token = 0; token < 5; token++) {
        admission.observe(token);
      }
    }
    assertThat(admission.full()).isTrue();
    assertThat(admission.admitted()).isEqualTo(2);
    assertThat(admission.id(0)).isEqualTo(2);
    assertThat(admission.id(1)).isEqualTo(3);
    assertThat(admission.id(2)).isEqualTo(1);
    assertThat(admission.observe(2)).isEqualTo(1);
  }

  /// Against an exact count, on a skewed stream and with a filter so small that it errs often.
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void neverLate(int minCount) {
    FrequencyAdmission admission = new FrequencyAdmission(new Config(minCount, 5000, 50, 0.2));
    Map<Long, Integer> count = new HashMap<>();
    int early = 0;
    for (int i = 0; i < 6000; i++) {
      double u = Counter.uniform53(minCount, i);
      long token = (long) (1 / (u + 1e-4)); // many 1s, few large ones
      int occurred = count.merge(token, 1, Integer::sum);
      int id = admission.observe(token);
      if (occurred >= minCount) {
        assertThat(id).as("token %s after %s occurrences", token, occurred).isGreaterThan(1);
      } else {
        early += id > 1 ? 1 : 0;
      }
    }
    assertThat(early).as("a filter that errs admits some early").isPositive();
  }

  /// Tokens that occur once are admitted at most with the stated probability: 20 000 · 0.01 = 200 expected at most, and 5
  /// standard deviations of a binomial are 70.
  @Test
  void falsePositivesAreAsRareAsStated() {
    FrequencyAdmission admission = new FrequencyAdmission(new Config(2, 30_000, 20_000, 0.01));
    for (long token = 0; token < 20_000; token++) {
      admission.observe(token);
    }
    assertThat(admission.admitted()).isLessThan(270);
    // an estimate from the share of set bits: for 20 000 tokens in 190 000 bits about 0.3 % off
    assertThat(admission.approximateTokens()).isBetween(19_000L, 21_000L);
  }

  @Test
  void saysWhatIsWrong() {
    refuses(() -> new Config(0, 100, 100, 0.01), "minCount 0");
    refuses(() -> new Config(17, 100, 100, 0.01), "minCount 17");
    refuses(() -> new Config(2, 2, 100, 0.01), "size 2");
    refuses(() -> new Config(2, 100, 0, 0.01), "expectedTokens 0");
    refuses(() -> new Config(2, 100, 100, Double.NaN), "falsePositives NaN");
  }

  private static void refuses(Runnable wrong, String message) {
    assertThatThrownBy(wrong::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
