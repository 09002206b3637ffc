// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InteractionsSourceTest {
  private static final int FIELDS = 6;
  private static final int VALUES = 4;

  @TempDir Path folder;

  private static InteractionsGenerator generator(int order) {
    return new InteractionsGenerator(new InteractionsGenerator.Spec(order, FIELDS, VALUES, 2), 11);
  }

  /// The probability of values, from the formula and the latent numbers.
  private static double probability(InteractionsGenerator g, int order, int[] x) {
    double z = 0;
    double product = 1;
    for (int f = 0; f < FIELDS; f++) {
      product = product * g.latent(f, x[f]);
      if (f % order == order - 1) {
        z = z + product;
        product = 1;
      }
    }
    return 1 / (1 + Math.exp(-2 * z / Math.sqrt((double) FIELDS / order)));
  }

  /// Values of all fields, from a number in base 4.
  private static int[] cell(int number) {
    int[] x = new int[FIELDS];
    for (int f = 0; f < FIELDS; f++) {
      x[f] = (number >> (2 * f)) & 3;
    }
    return x;
  }

  private Opened open(Map<String, String> settings) {
    return new InteractionsSource()
        .open(new Request(null, folder.resolve("cache"), 11, settings, _ -> {}));
  }

  /// AUC of the true probabilities over all rows that there can be, weighed as they occur: a loop over pairs of cells. The
  /// AUC of n rows is a mean over pairs with a variance below AUC (1 − AUC) / min(positives, negatives).
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void theBayesAucIsThatOfAllPairsOfCells(int order) {
    InteractionsGenerator g = generator(order);
    int cells = 1 << (2 * FIELDS);
    double[] p = new double[cells];
    for (int i = 0; i < cells; i++) {
      p[i] = probability(g, order, cell(i));
    }
    double won = 0;
    double all = 0;
    for (int i = 0; i < cells; i++) {
      for (int j = 0; j < cells; j++) {
        double pair = p[i] * (1 - p[j]);
        all += pair;
        won += p[i] > p[j] ? pair : p[i] == p[j] ? pair / 2 : 0;
      }
    }
    double auc = won / all;
    assertThat(auc).isBetween(0.75, 0.9);
    int rows = 100_000;
    Opened o = open(Map.of("order", "" + order, "values", "4", "rows", "1", "testRows", "" + rows));
    try (DataSet data = o.data()) {
      double deviation = Math.sqrt(auc * (1 - auc) / (0.48 * rows));
      assertThat(data.facts().get("bayes_auc")).isCloseTo(auc, within(5 * deviation));
      assertThat(data.facts().get("bayes_auc_expected")).isCloseTo(auc, within(5 * deviation));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 6})
  void probabilitiesFollowTheFormulaAndLabelsTheProbabilities(int order) {
    InteractionsGenerator g = generator(order);
    double surplus = 0;
    double variance = 0;
    int[] counts = new int[VALUES];
    int rows = 20_000;
    for (int r = 0; r < rows; r++) {
      int[] x = new int[FIELDS];
      for (int f = 0; f < FIELDS; f++) {
        x[f] = g.value(r, f);
      }
      counts[x[r % FIELDS]]++;
      double p = g.probability(r);
      assertThat(p).isCloseTo(probability(g, order, x), within(1e-13)); // a few roundings
      // Signed by the side of p, for the mean of all labels is ½ whatever they are drawn from.
      surplus += (p > 0.5 ? 1 : -1) * (g.label(r) - p);
      variance += p * (1 - p);
    }
    assertThat(Math.abs(surplus)).isLessThan(5 * Math.sqrt(variance));
    for (int n : counts) {
      assertThat(Math.abs(n - rows / 4.0)).isLessThan(5 * Math.sqrt(rows * 0.25 * 0.75));
    }
  }

  @Test
  void latentNumbersAreStandardisedAndSymmetric() {
    InteractionsGenerator g = generator(3);
    for (int f = 0; f < FIELDS; f++) {
      double squares = 0;
      for (int v = 0; v < VALUES; v++) {
        squares += g.latent(f, v) * g.latent(f, v);
        assertThat(g.latent(f, v)).isEqualTo(-g.latent(f, v ^ 1)).isNotZero();
      }
      assertThat(squares / VALUES).isCloseTo(1, within(1e-14));
    }
  }

  /// Whatever is known of a row but one field of each group, its label is a fair coin.
  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void fewerFieldsThanTheOrderTellNothing(int order) {
    InteractionsGenerator g = generator(order);
    for (int known = 0; known < 1 << (2 * FIELDS); known += 37) {
      double mean = 0;
      int unknown = FIELDS / order; // the first field of each group
      int ways = 1 << (2 * unknown);
      for (int way = 0; way < ways; way++) {
        int[] x = cell(known);
        for (int u = 0; u < unknown; u++) {
          x[u * order] = (way >> (2 * u)) & 3;
        }
        mean += probability(g, order, x) / ways;
      }
      assertThat(mean).isCloseTo(0.5, within(1e-14));
    }
  }

  private static Batch all(Examples examples) {
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder((int) examples.rows()))) {
      return requireNonNull(stream.next());
    }
  }

  @Test
  void rowsThatAreWrittenAndReadBackAreThoseThatArePrepared() throws IOException {
    Map<String, String> size = Map.of("rows", "80", "validRows", "10", "testRows", "10");
    Path table = folder.resolve("table.csv");
    assertThat(new InteractionsSource().generate(table, 100, 11, Map.of())).isEqualTo(100);
    assertThat(Files.readString(table)).startsWith("label,f1,f2,f3,f4,f5,f6\n");
    Opened read =
        new CsvSource()
            .open(
                new Request(table, folder.resolve("cache"), 0, Map.of("split", "order"), _ -> {}));
    Opened prepared = open(size);
    try (DataSet a = read.data();
        DataSet b = prepared.data()) {
      assertThat(a.schema()).isEqualTo(b.schema());
      for (Examples[] pair :
          new Examples[][] {{a.train(), b.train()}, {a.valid(), b.valid()}, {a.test(), b.test()}}) {
        assertThat(all(pair[0]).sparse().values()).isEqualTo(all(pair[1]).sparse().values());
        assertThat(all(pair[0]).label("label")).isEqualTo(all(pair[1]).label("label"));
      }
      assertThat(all(prepared.encoder().encode(table)).sparse().values()).hasSize(600);
    }
  }

  @Test
  void settingsThatDoNotFitAreErrors() {
    assertThatThrownBy(() -> open(Map.of("order", "4")))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(
            "order 4 among 6 fields. Expected a number of fields that is a multiple");
    assertThatThrownBy(() -> open(Map.of("values", "5")))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("5 values of a field. Expected an even number");
  }
}
