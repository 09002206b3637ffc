// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.gradus.models.youtubednn.NegativeSampler.Distribution;
import org.gradus.tensor.Counter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The table of the specification (retrieval, section 4), and what holds for every distribution.
class NegativeSamplerTest {
  private static final double[] COUNTS = {100, 50, 20, 5, 1};
  private static final double SIX_DECIMALS = 5e-7;

  private static double[] probabilities(NegativeSampler s) {
    double[] p = new double[s.classes()];
    Arrays.setAll(p, s::probability);
    return p;
  }

  private static void close(double[] found, double... expected) {
    assertThat(found).containsExactly(expected, within(SIX_DECIMALS));
  }

  /// P(j among S distinct draws), by all ways to draw the first class: the definition of (2) of the specification.
  private static double[] inclusion(double[] p, int size) {
    double[] q = new double[p.length];
    double left = Arrays.stream(p).sum();
    for (int first = 0; first < p.length && size > 0; first++) {
      if (p[first] > 0) {
        double[] rest = p.clone();
        rest[first] = 0;
        double[] later = inclusion(rest, size - 1);
        for (int j = 0; j < p.length; j++) {
          q[j] += p[first] / left * (j == first ? 1 : later[j]);
        }
      }
    }
    return q;
  }

  @Test
  void probabilitiesOfTheTable() {
    NegativeSampler unigram = NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 0.75);
    close(probabilities(unigram), 0.492360, 0.292759, 0.147250, 0.052061, 0.015570);
    close(
        probabilities(NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 1)),
        0.568182,
        0.284091,
        0.113636,
        0.028409,
        0.005682);
    close(
        probabilities(NegativeSampler.of(Distribution.LOG_UNIFORM, COUNTS, 0)),
        0.386853,
        0.226294,
        0.160558,
        0.124539,
        0.101756);
  }

  @Test
  void expectedCountsOfTheTable() {
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 0.75);
    double[] replaced = new double[5];
    double[] approximate = new double[5];
    for (int j = 0; j < 5; j++) {
      replaced[j] = s.expectedCount(j, 3, false, 3);
      approximate[j] = s.expectedCount(j, 3, true, 3);
    }
    close(replaced, 1.477081, 0.878277, 0.441750, 0.156182, 0.046709);
    close(approximate, 0.869182, 0.646245, 0.379895, 0.148192, 0.045986);
    close(inclusion(probabilities(s), 3), 0.964556, 0.905016, 0.738670, 0.298937, 0.092821);
  }

  /// Distinct classes come as often as the definition says: 20,000 samples, four standard errors.
  @Test
  void distinctClassesComeAsOftenAsTheRecursionSays() {
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 0.75);
    double[] expected = inclusion(probabilities(s), 3);
    int samples = 20_000;
    double[] found = new double[5];
    double[] approximation = new double[5];
    for (int i = 0; i < samples; i++) {
      NegativeSampler.Sample sample = s.sample(3, true, -1, Counter.key(7, i));
      assertThat(sample.classes()).doesNotHaveDuplicates().hasSize(3);
      for (int j : sample.classes()) {
        found[j] += 1.0 / samples;
      }
      for (int j = 0; j < 5; j++) {
        approximation[j] += s.expectedCount(j, 3, true, sample.draws()) / samples;
      }
    }
    for (int j = 0; j < 5; j++) {
      double error = Math.sqrt(expected[j] * (1 - expected[j]) / samples);
      assertThat(found[j]).isCloseTo(expected[j], within(4 * error));
      // the mean of (3) over the draws it took, which the specification gives with three decimals:
      // well below the truth where S is not small beside C
      assertThat(approximation[j])
          .isCloseTo(new double[] {0.948, 0.812, 0.571, 0.264, 0.089}[j], within(0.004))
          .isLessThan(expected[j]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void drawsFollowTheProbabilities(Distribution distribution) {
    int n = 40;
    double[] counts = new double[n];
    Arrays.setAll(counts, j -> (j * 17) % n); // zeros and all orders
    NegativeSampler s = NegativeSampler.of(distribution, counts, 0.75);
    assertThat(Arrays.stream(probabilities(s)).sum()).isCloseTo(1, within(1e-12));
    int draws = 100_000;
    double[] found = new double[n];
    for (int j : s.sample(draws, false, -1, 11).classes()) {
      found[j]++;
    }
    double sum = 0;
    for (int j = 0; j < n; j++) {
      double p = s.probability(j);
      assertThat(found[j] / draws).isCloseTo(p, within(4 * Math.sqrt(p * (1 - p) / draws)));
      sum += s.expectedCount(j, 25, false, 25);
      assertThat(s.expectedCount(j, n, true, 0)).isEqualTo(1);
    }
    assertThat(sum).isCloseTo(25, within(1e-10));
  }

  @Test
  void aPowerOfZeroIsUniform() {
    assertThat(probabilities(NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 0)))
        .containsOnly(0.2)
        .isEqualTo(probabilities(NegativeSampler.of(Distribution.UNIFORM, COUNTS, 0)));
  }

  /// The classes of LOG_UNIFORM are ranked by count, whatever their order.
  @Test
  void logUniformFallsWithTheRank() {
    NegativeSampler s =
        NegativeSampler.of(Distribution.LOG_UNIFORM, new double[] {5, 100, 1, 50, 20}, 0);
    close(probabilities(s), 0.124539, 0.386853, 0.101756, 0.226294, 0.160558);
  }

  @Test
  void uniformDistinctClassesHaveTheExactCount() {
    NegativeSampler s = NegativeSampler.of(Distribution.UNIFORM, new double[10], 0);
    assertThat(s.expectedCount(3, 4, true, 6)).isEqualTo(0.4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 64, 1000})
  void anAliasTableKeepsItsProbabilities(int n) {
    double[] p = new double[n];
    double sum = 0;
    for (int j = 0; j < n; j++) {
      p[j] = j % 5 == 3 ? 0 : Counter.uniform53(3, j) * (j % 7 == 0 ? 1000 : 1) + 1e-9;
      sum += p[j];
    }
    for (int j = 0; j < n; j++) {
      p[j] /= sum;
    }
    AliasTable table = new AliasTable(p);
    for (int j = 0; j < n; j++) {
      // n additions and subtractions of numbers up to 1, over n
      assertThat(table.probability(j)).isCloseTo(p[j], within(1e-14 + n * 0x1p-52));
    }
  }

  @Test
  void weightsOfOnesOwnMayBeZero() {
    NegativeSampler s = NegativeSampler.weighted(0, 3, 0, 1);
    assertThat(probabilities(s)).containsExactly(0, 0.75, 0, 0.25);
    assertThat(s.sample(1000, false, -1, 5).classes()).containsOnly(1, 3);
    assertThat(s.sample(2, true, -1, 5).classes()).containsExactlyInAnyOrder(1, 3);
    assertThat(s.sample(9, false, 1, 5).classes()).containsOnly(3);
    assertThatThrownBy(() -> s.sample(3, true, -1, 5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("sampler: 3 distinct classes of 2 that can be drawn.");
    assertThatThrownBy(() -> s.sample(2, true, 3, 5)).hasMessageContaining("of 1 that");
    assertThatThrownBy(() -> NegativeSampler.weighted(0, 0)).hasMessageContaining("all weights");
    assertThatThrownBy(() -> NegativeSampler.weighted(1, -1)).hasMessageContaining("weight -1.0");
  }

  /// Negatives stand for a sum over all classes but the label: with each of them divided by its expected count, the mean of what is
  /// drawn is that sum, whatever is summed. 20,000 samples, four standard errors of their mean.
  @ParameterizedTest
  @EnumSource
  void resampledNegativesStandForTheSumOverTheOthers(Distribution distribution) {
    double[] counts = {1000, 50, 20, 5, 1, 1, 1, 1, 1, 1};
    int label = 0; // the most frequent one
    double[] terms = {1e9, 2, 0.5, 3, 1, 0.25, 4, 1, 2, 1.5};
    double expected = Arrays.stream(terms, 1, terms.length).sum();
    NegativeSampler s = NegativeSampler.of(distribution, counts, 0.75);
    for (boolean unique : new boolean[] {false, true}) {
      if (unique && distribution != Distribution.UNIFORM) {
        continue; // (NS-2) is an approximation
      }
      int samples = 20_000;
      double sum = 0;
      double squares = 0;
      for (int i = 0; i < samples; i++) {
        NegativeSampler.Sample sample = s.sample(3, unique, label, Counter.key(17, i));
        double estimate = 0;
        for (int j : sample.classes()) {
          estimate += terms[j] / s.expectedCount(j, 3, unique, sample.draws(), label);
        }
        sum += estimate;
        squares += estimate * estimate;
      }
      double mean = sum / samples;
      double error = Math.sqrt((squares / samples - mean * mean) / samples);
      assertThat(mean).isCloseTo(expected, within(4 * error));
      assertThat(error).isLessThan(0.05 * expected); // or the bound says nothing
    }
  }

  @Test
  void allOthersAreDrawnForCertain() {
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 0.75);
    NegativeSampler.Sample sample = s.sample(4, true, 1, 3);
    assertThat(sample.classes()).containsExactlyInAnyOrder(0, 2, 3, 4);
    for (int j : sample.classes()) {
      assertThat(s.expectedCount(j, 4, true, sample.draws(), 1)).isEqualTo(1);
    }
    assertThat(s.expectedCount(1, 4, true, sample.draws(), 1)).isZero();
  }

  /// One class has nearly everything: repeated draws would go on for some 10¹² of them, and a class that is left out would be drawn
  /// again about as often.
  @Test
  void rareClassesAreFound() {
    double[] counts = new double[1610];
    Arrays.setAll(counts, j -> Math.max(1, Math.round(500 / Math.pow(1 + j / 30.0, 1.6))));
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, counts, 6);
    NegativeSampler.Sample sample = s.sample(500, true, 3, 1);
    assertThat(sample.classes()).doesNotHaveDuplicates().hasSize(500).doesNotContain(3);
    assertThat(s.sample(500, true, 3, 1)).usingRecursiveComparison().isEqualTo(sample);
    for (int j = 0; j < counts.length; j++) {
      double q = s.expectedCount(j, 500, true, sample.draws(), 3);
      assertThat(q).isBetween(j == 3 ? 0 : Double.MIN_VALUE, 1.0);
    }
    NegativeSampler one = NegativeSampler.weighted(1e15, 1, 3);
    assertThat(one.sample(3, true, -1, 1).classes()).containsExactlyInAnyOrder(0, 1, 2);
    int[] others = one.sample(4000, false, 0, 1).classes();
    // 4000 draws with probability ¼: four standard errors
    assertThat((double) Arrays.stream(others).filter(j -> j == 1).count())
        .isCloseTo(1000, within(4 * Math.sqrt(4000 * 0.25 * 0.75)));
    assertThat(others).doesNotContain(0);
    assertThat(one.expectedCount(1, 4000, false, 4000, 0)).isCloseTo(1000, within(1e-9));
  }

  /// What comes by the race follows the same law, whether it has all to find, or what draws left: 20,000 samples, four standard
  /// errors.
  @Test
  void theRaceGoesOnWithTheSameLaw() {
    for (double[] weights :
        new double[][] {{1, 1e-4, 2e-4, 3e-4, 4e-4}, {1, 0.1, 0.02, 0.01, 0.005}}) {
      NegativeSampler s = NegativeSampler.weighted(weights);
      double[] expected = inclusion(probabilities(s), 3);
      int samples = 20_000;
      double[] found = new double[weights.length];
      int raced = 0;
      for (int i = 0; i < samples; i++) {
        NegativeSampler.Sample sample = s.sample(3, true, -1, Counter.key(23, i));
        raced += sample.draws() > weights.length + 4 * 3 ? 1 : 0;
        for (int j : sample.classes()) {
          found[j] += 1.0 / samples;
        }
      }
      assertThat(raced).isGreaterThan(samples / 4);
      for (int j = 0; j < weights.length; j++) {
        double error = Math.sqrt(expected[j] * (1 - expected[j]) / samples);
        assertThat(found[j]).isCloseTo(expected[j], within(4 * error + 1e-9));
      }
    }
  }

  @Test
  void theSameKeyDrawsTheSame() {
    NegativeSampler s = NegativeSampler.of(Distribution.UNIGRAM, COUNTS, 1);
    assertThat(s.sample(20, false, -1, 9).classes())
        .isEqualTo(s.sample(20, false, -1, 9).classes())
        .isNotEqualTo(s.sample(20, false, -1, 10).classes());
    assertThat(s.sample(5, true, -1, 9).classes()).containsExactly(0, 1, 2, 3, 4);
  }
}
