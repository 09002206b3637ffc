// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.trainer.metrics.GroupedAuc.Weighting.IMPRESSIONS;
import static org.gradus.trainer.metrics.GroupedAuc.Weighting.PAIRS;
import static org.gradus.trainer.metrics.GroupedAuc.Weighting.POSITIVES;
import static org.gradus.trainer.metrics.GroupedAuc.Weighting.UNIFORM;

import java.util.Arrays;
import org.gradus.trainer.metrics.GroupedAuc.Weighting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GroupedAucTest {
  private static final double QUOTED = 5e-7;

  private static final double[] SCORES = {.9, .8, .4, .4, .2, .3, .6, .7, .1};
  private static final float[] LABELS = {1, 0, 1, 0, 0, 1, 0, 1, 1};
  private static final long[] USERS = {5, 5, 5, 5, -2, -2, -2, 9, 9};

  private static double gauc(Weighting weighting) {
    return GroupedAuc.of(SCORES, LABELS, USERS, weighting).gauc().value();
  }

  @Test
  void multiTaskExample() {
    assertThat(Auc.of(SCORES, LABELS).value()).isCloseTo(0.475, within(QUOTED));
    assertThat(gauc(UNIFORM)).isCloseTo(0.5625, within(QUOTED));
    assertThat(gauc(IMPRESSIONS)).isCloseTo(0.571429, within(QUOTED));
    assertThat(gauc(POSITIVES)).isCloseTo(0.583333, within(QUOTED));
    // users a: 0.625 over 4 pairs, b: 0.5 over 2
    assertThat(gauc(PAIRS)).isCloseTo((0.625 * 4 + 0.5 * 2) / 6, within(1e-15));
    GroupedAuc found = GroupedAuc.of(SCORES, LABELS, USERS, IMPRESSIONS);
    assertThat(found.users()).isEqualTo(2);
    assertThat(found.skippedUsers()).isEqualTo(1);
    assertThat(found.skippedRows()).isEqualTo(2);
  }

  @Test
  void retrievalExample() {
    // A as in the AUC example; B 0.5 of 2 rows; C one class, 4 rows; D 1.0 of 3 rows, 2 clicks
    double[] scores = {.9, .8, .8, .4, .4, .4, .1, 3, 3, 1, 2, 3, 4, 9, 8, 7};
    float[] labels = {1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0};
    long[] users = {1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4};
    assertThat(GroupedAuc.of(scores, labels, users, IMPRESSIONS).gauc().value())
        .isCloseTo(0.795139, within(QUOTED));
    assertThat(GroupedAuc.of(scores, labels, users, POSITIVES).gauc().value())
        .isCloseTo(0.812500, within(QUOTED));
    GroupedAuc uniform = GroupedAuc.of(scores, labels, users, UNIFORM);
    assertThat(uniform.gauc().value()).isCloseTo(0.763889, within(QUOTED));
    assertThat(uniform.users()).isEqualTo(3);
    assertThat(uniform.skippedUsers()).isEqualTo(1);
    assertThat(uniform.skippedRows()).isEqualTo(4);
  }

  @ParameterizedTest
  @EnumSource(Weighting.class)
  void oneGroupIsTheAuc(Weighting weighting) {
    long[] same = new long[USERS.length];
    // the weight is multiplied in and divided out: two roundings of at most 2⁻⁵³ each
    assertThat(GroupedAuc.of(SCORES, LABELS, same, weighting).gauc().value())
        .isCloseTo(Auc.of(SCORES, LABELS).value(), within(0x1p-52));
  }

  /// Whoever has one class makes pairs with others, and none among his own.
  @ParameterizedTest
  @EnumSource(Weighting.class)
  void aUserOfOneClassChangesTheAucAlone(Weighting weighting) {
    int n = SCORES.length;
    double[] scores = Arrays.copyOf(SCORES, n + 2);
    float[] labels = Arrays.copyOf(LABELS, n + 2);
    long[] users = Arrays.copyOf(USERS, n + 2);
    for (int i = n; i < n + 2; i++) {
      scores[i] = 0.95;
      labels[i] = 1;
      users[i] = 77;
    }
    assertThat(GroupedAuc.of(scores, labels, users, weighting).gauc().value())
        .isEqualTo(gauc(weighting));
    assertThat(Auc.of(scores, labels).value()).isGreaterThan(Auc.of(SCORES, LABELS).value());
  }

  @Test
  void orderOfRowsDoesNotMatter() {
    int n = SCORES.length;
    double[] scores = new double[n];
    float[] labels = new float[n];
    long[] users = new long[n];
    for (int i = 0; i < n; i++) {
      int j = (i * 4 + 3) % n; // 4 and 9 are coprime
      scores[i] = SCORES[j];
      labels[i] = LABELS[j];
      users[i] = USERS[j];
    }
    assertThat(GroupedAuc.of(scores, labels, users, IMPRESSIONS))
        .isEqualTo(GroupedAuc.of(SCORES, LABELS, USERS, IMPRESSIONS));
  }

  @Test
  void withoutAGroupOfBothClassesThereIsNone() {
    GroupedAuc none =
        GroupedAuc.of(new double[] {1, 2, 3}, new float[] {1, 1, 0}, new long[] {1, 1, 2}, UNIFORM);
    assertThat(none.gauc().value()).isNaN();
    assertThat(none.gauc().undefined()).isEqualTo("none of 2 groups has both classes");
    assertThat(none.users()).isZero();
    assertThat(none.skippedRows()).isEqualTo(3);
  }
}
