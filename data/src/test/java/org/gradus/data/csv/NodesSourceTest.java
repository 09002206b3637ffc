// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodesSourceTest {
  private static final int TRAIN = 400;
  private static final int VALID = 50;
  private static final int TEST = 150;
  private static final int ALL = TRAIN + VALID + TEST;

  @TempDir Path folder;

  private static NodesGenerator generator(boolean transductive) {
    return new NodesGenerator(
        new NodesGenerator.Spec(
            new NodesGenerator.Sizes(TRAIN, VALID, TEST), 4, 0.25, 0.3, transductive),
        7);
  }

  private DataSet open(String... settings) {
    Map<String, String> given =
        new HashMap<>(Map.of("rows", "" + TRAIN, "validRows", "" + VALID, "testRows", "" + TEST));
    for (int i = 0; i < settings.length; i += 2) {
      given.put(settings[i], settings[i + 1]);
    }
    return new NodesSource()
        .open(new Request(null, folder.resolve("cache"), 7, given, _ -> {}))
        .data();
  }

  private static Batch all(Examples examples) {
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder((int) examples.rows()))) {
      return requireNonNull(stream.next());
    }
  }

  /// ln(1 + edges) and the entropy of the types of edges, counted once more from the edges themselves, with mean 0 and variance 1 over
  /// the whole graph.
  @Test
  void centralityAndEntropyAreThoseOfTheGraph() {
    NodesGenerator g = generator(false);
    double[][] degrees = new double[ALL][3];
    for (int i = 0; i < ALL; i++) {
      for (int t = 0; t < 2; t++) {
        int[] edges = g.edges(t, i);
        assertThat(edges).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(12);
        degrees[i][t] = edges.length;
        Arrays.stream(edges).forEach(u -> degrees[u][2]++);
      }
    }
    double[] central = new double[ALL];
    double[] relational = new double[ALL];
    for (int i = 0; i < ALL; i++) {
      double sum = Arrays.stream(degrees[i]).sum();
      central[i] = Math.log(1 + sum);
      for (double d : degrees[i]) {
        relational[i] -= d == 0 ? 0 : d / sum * Math.log(d / sum);
      }
    }
    for (int i = 0; i < ALL; i++) {
      assertThat(g.centrality(i)).isCloseTo(standard(central, i), within(1e-10));
      assertThat(g.entropy(i)).isCloseTo(standard(relational, i), within(1e-10));
    }
  }

  private static double standard(double[] x, int i) {
    double mean = Arrays.stream(x).average().orElseThrow();
    double square = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
    return (x[i] - mean) / Math.sqrt(square);
  }

  /// Noise over its own deviation has mean 0 and variance 1; bounds are five standard deviations of the mean of so many draws, and of
  /// their squares, whose variance is below that of a normal law, 2.
  @Test
  void noiseIsAsLargeAsItIsSaidToBe() {
    NodesGenerator g = generator(false);
    double mean = 0;
    double square = 0;
    for (int i = 0; i < ALL; i++) {
      double e = (g.label(i) - g.expected(i)) / g.deviation(i);
      mean += e / ALL;
      square += e * e / ALL;
    }
    assertThat(mean).isCloseTo(0, within(5 / Math.sqrt(ALL)));
    assertThat(square).isCloseTo(1, within(5 * Math.sqrt(2.0 / ALL)));
    double[] deviations = new double[ALL];
    Arrays.setAll(deviations, g::deviation);
    Arrays.sort(deviations);
    assertThat(deviations[ALL * 9 / 10]).isGreaterThan(2 * deviations[ALL / 10]); // e^{±1.28/2}
  }

  /// A share of the training nodes has a label, every other row has one; where there is none, nothing of it is in the row.
  @Test
  void labelsThatAreNotKnownAreNotThere() {
    NodesGenerator g = generator(false);
    try (DataSet data = open("labelled", "0.25", "content", "4")) {
      Batch train = all(data.train());
      float[] known = requireNonNull(train.labelMask("importance"));
      int count = 0;
      for (int b = 0; b < TRAIN; b++) {
        count += known[b] == 1 ? 1 : 0;
        assertThat(known[b] == 1).isEqualTo(g.known(b));
        assertThat(train.label("importance")[b]).isEqualTo(known[b] == 1 ? (float) g.label(b) : 0);
      }
      double deviation = Math.sqrt(TRAIN * 0.25 * 0.75);
      assertThat(count).isCloseTo(TRAIN / 4, within((int) (5 * deviation)));
      Batch test = all(data.test());
      assertThat(requireNonNull(test.labelMask("importance"))).containsOnly(1);
      assertThat(test.label("importance")[3]).isEqualTo((float) g.label(TRAIN + VALID + 3));
      assertThat(data.facts().get("bayes_rmse")).isLessThan(data.facts().get("constant_rmse"));
    }
  }

  /// Nodes of validation and test are training rows, without labels, only if the protocol says so.
  @Test
  void transductiveRowsHaveNoLabels() {
    NodesGenerator g = generator(true);
    int extra = VALID + TEST;
    for (int r = TRAIN; r < TRAIN + extra; r++) {
      assertThat(g.node(r)).isEqualTo(r);
      assertThat(g.known(r)).isFalse();
      assertThat(g.node(r + extra)).isEqualTo(r);
      assertThat(g.known(r + extra)).isTrue();
    }
    try (DataSet data = open("transductive", "true");
        DataSet plain = open()) {
      assertThat(data.train().rows()).isEqualTo(ALL);
      assertThat(plain.train().rows()).isEqualTo(TRAIN);
      Batch train = all(data.train());
      float[] known = requireNonNull(train.labelMask("importance"));
      assertThat(Arrays.copyOf(known, TRAIN))
          .isEqualTo(requireNonNull(all(plain.train()).labelMask("importance")));
      for (int r = TRAIN; r < ALL; r++) {
        assertThat(known[r]).isZero();
        assertThat(train.label("importance")[r]).isZero();
      }
      assertThat(all(data.test()).dense()).isEqualTo(all(plain.test()).dense());
      assertThat(all(data.test()).label("importance"))
          .isEqualTo(all(plain.test()).label("importance"));
    }
  }

  @Test
  void stratifiedBatchesHaveAsManyLabels() {
    try (DataSet data = open("batching", "STRATIFIED", "labelledPerBatch", "4")) {
      Examples.Pass pass = Examples.Pass.shuffled(16, 1, 0);
      long batches = 0;
      try (Examples.Stream stream = data.train().stream(pass)) {
        for (Batch b = stream.next(); b != null; b = stream.next()) {
          float[] known = requireNonNull(b.labelMask("importance"));
          double sum = 0;
          for (float m : known) {
            sum += m;
          }
          assertThat(sum).isEqualTo(4);
          batches++;
        }
      }
      assertThat(batches).isEqualTo(data.train().batches(pass));
      assertThat(all(data.train()).size()).isEqualTo(TRAIN);
    }
  }

  /// Of batches of 32 drawn from all rows, an eighth of which has a label, 99.56 % have fewer than ten labels, of those of 64 72.54 %:
  /// too few for a list of ten. Bounds are five standard deviations of as many batches.
  @ParameterizedTest
  @CsvSource({"32, 0.995618", "64, 0.725374"})
  void mixedBatchesAreShortOfLabels(int size, double expected) {
    int rows = 12_800;
    try (DataSet data = open("rows", "" + rows, "labelled", "0.125", "content", "1")) {
      int few = 0;
      int batches = rows / size;
      try (Examples.Stream stream = data.train().stream(Examples.Pass.shuffled(size, 1, 0))) {
        for (Batch b = stream.next(); b != null; b = stream.next()) {
          double sum = 0;
          for (float m : requireNonNull(b.labelMask("importance"))) {
            sum += m;
          }
          few += sum < 10 ? 1 : 0;
        }
      }
      double deviation = Math.sqrt(expected * (1 - expected) / batches);
      assertThat((double) few / batches).isCloseTo(expected, within(5 * deviation));
    }
  }
}
