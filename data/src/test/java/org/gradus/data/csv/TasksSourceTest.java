// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource.Opened;
import org.gradus.data.DataSource.Request;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TasksSourceTest {
  private static final int FIELDS = 5;
  private static final int VALUES = 6;
  private static final double P = -0.6;
  private static final double Q = 0.8;
  private static final Offset<Double> EXACT = within(1e-12); // sums of a few products of size one

  @TempDir Path folder;

  private static TasksGenerator generator(int scenarios) {
    return generator(scenarios, false);
  }

  private static TasksGenerator generator(int scenarios, boolean funnel) {
    return generator(scenarios, new TasksGenerator.Funnel(funnel, false, 0));
  }

  private static TasksGenerator generator(int scenarios, TasksGenerator.Funnel funnel) {
    return new TasksGenerator(
        new TasksGenerator.Spec(
            FIELDS,
            VALUES,
            2,
            3,
            new TasksGenerator.Relation(P, funnel),
            new TasksGenerator.Shift(scenarios, Q, 0.5)),
        7);
  }

  private static double dot(double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  private Opened open(Map<String, String> settings) {
    return new TasksSource().open(new Request(null, folder.resolve("cache"), 7, settings, _ -> {}));
  }

  private static Batch all(Examples examples) {
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder((int) examples.rows()))) {
      return requireNonNull(stream.next());
    }
  }

  /// Unit vectors with the inner product p between tasks, and q between those of a scenario and the common ones.
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void weightsAgreeAsAskedFor(int scenarios) {
    TasksGenerator g = generator(scenarios);
    TasksGenerator same = generator(1);
    for (int d = 0; d < scenarios; d++) {
      assertThat(dot(g.weights(d, 0), g.weights(d, 0))).isCloseTo(1, EXACT);
      assertThat(dot(g.weights(d, 1), g.weights(d, 1))).isCloseTo(1, EXACT);
      assertThat(dot(g.weights(d, 0), g.weights(d, 1))).isCloseTo(P, EXACT);
      for (int t = 0; t < 2; t++) {
        double agreement = dot(g.weights(d, t), same.weights(0, t));
        assertThat(agreement).isCloseTo(scenarios == 1 ? 1 : Q, EXACT);
      }
    }
  }

  /// Over all values that the fields can have, uniform and independent: a₁ and a₂ have mean 0, variance 1 and correlation p.
  @Test
  void theSumsOfTasksCorrelateAsAskedFor() {
    TasksGenerator g = generator(1);
    double[] mean = new double[2];
    double[][] moments = new double[2][2];
    int cells = (int) Math.pow(VALUES, FIELDS);
    for (int cell = 0; cell < cells; cell++) {
      double[] x = new double[FIELDS];
      int rest = cell;
      for (int f = 0; f < FIELDS; f++) {
        x[f] = g.latent(f, rest % VALUES);
        rest /= VALUES;
      }
      for (int t = 0; t < 2; t++) {
        double a = dot(g.weights(0, t), x);
        mean[t] += a / cells;
        for (int s = 0; s < 2; s++) {
          moments[t][s] += a * dot(g.weights(0, s), x) / cells;
        }
      }
    }
    assertThat(mean[0]).isCloseTo(0, EXACT);
    assertThat(moments[0][0]).isCloseTo(1, EXACT);
    assertThat(moments[1][1]).isCloseTo(1, EXACT);
    assertThat(moments[0][1]).isCloseTo(P, EXACT);
  }

  /// Labels are drawn from the probabilities and scenarios by their sizes, 4 : 2 : 1; bounds are five standard deviations.
  @Test
  void labelsFollowTheLaw() {
    TasksGenerator g = generator(3);
    int rows = 20_000;
    double[] surplus = new double[2];
    double[] variance = new double[2];
    int[] counts = new int[3];
    for (int r = 0; r < rows; r++) {
      int d = g.scenario(r);
      counts[d]++;
      double[] x = new double[FIELDS];
      for (int f = 0; f < FIELDS; f++) {
        x[f] = g.latent(f, g.value(r, f));
      }
      for (int t = 0; t < 2; t++) {
        double z = g.logit(dot(g.weights(d, t), x));
        double p = 1 / (1 + Math.exp(-z));
        assertThat(g.probability(r, t)).isCloseTo(p, EXACT);
        surplus[t] += (p > 0.5 ? 1 : -1) * (g.label(r, t) - p);
        variance[t] += p * (1 - p);
      }
    }
    for (int t = 0; t < 2; t++) {
      assertThat(Math.abs(surplus[t])).isLessThan(5 * Math.sqrt(variance[t]));
    }
    for (int d = 0; d < 3; d++) {
      double share = new double[] {4 / 7., 2 / 7., 1 / 7.}[d];
      double deviation = Math.sqrt(rows * share * (1 - share));
      assertThat(Math.abs(counts[d] - rows * share)).isLessThan(5 * deviation);
    }
  }

  /// The facts of a scenario against a loop over all pairs of its test rows.
  @Test
  void everyScenarioHasItsBayesAuc() {
    TasksGenerator g = generator(3);
    int from = 100;
    int rows = 300;
    Map<String, Double> facts = g.facts(from, rows);
    for (int d = 0; d < 3; d++) {
      for (int t = 0; t < 2; t++) {
        double won = 0;
        long pairs = 0;
        for (int i = from; i < from + rows; i++) {
          for (int j = from; j < from + rows; j++) {
            boolean both = g.scenario(i) == d && g.scenario(j) == d;
            if (both && g.label(i, t) == 1 && g.label(j, t) == 0) {
              won += (1 + Math.signum(g.probability(i, t) - g.probability(j, t))) / 2;
              pairs++;
            }
          }
        }
        assertThat(facts.get("bayes_auc_" + TasksGenerator.TASKS.get(t) + "_" + d))
            .isCloseTo(won / pairs, EXACT);
      }
    }
    assertThat(generator(1).facts(from, rows)).doesNotContainKey("bayes_auc_first_0");
  }

  /// Nobody converts without a click, and as many convert as the product of both probabilities says.
  @Test
  void inAFunnelTheSecondLabelPresupposesTheFirst() {
    TasksGenerator g = generator(1, true);
    TasksGenerator apart = generator(1);
    double surplus = 0;
    double variance = 0;
    int converted = 0;
    for (int r = 0; r < 20_000; r++) {
      double p = apart.probability(r, 0) * apart.probability(r, 1);
      assertThat(g.probability(r, 1)).isCloseTo(p, EXACT);
      assertThat(g.label(r, 0)).isEqualTo(apart.label(r, 0));
      assertThat(g.label(r, 1)).isLessThanOrEqualTo(g.label(r, 0));
      surplus += g.label(r, 1) - p;
      variance += p * (1 - p);
      converted += g.label(r, 1);
    }
    assertThat(converted).isPositive();
    assertThat(Math.abs(surplus)).isLessThan(5 * Math.sqrt(variance));
  }

  /// The first label alone becomes rarer: its logit falls by the offset in every row, that of the second stays.
  @ParameterizedTest
  @ValueSource(doubles = {-2, 1.5})
  void anOffsetMovesTheFirstLabel(double offset) {
    TasksGenerator g = generator(2, new TasksGenerator.Funnel(true, false, offset));
    TasksGenerator plain = generator(2);
    for (int r = 0; r < 200; r++) {
      double p = plain.probability(r, 0);
      double moved = 1 / (1 + Math.exp(-(Math.log(p / (1 - p)) + offset)));
      assertThat(g.probability(r, 0)).isCloseTo(moved, within(1e-10)); // a logit of up to 20
      assertThat(g.probability(r, 1)).isCloseTo(moved * plain.probability(r, 1), within(1e-10));
    }
  }

  /// The third label is the second, observed where the first is 1; what is known of it is what is known of those rows.
  @Test
  void theSecondLabelIsThereOnceMoreWhereTheFirstIsOne() {
    Map<String, String> settings =
        Map.of(
            "funnel",
            "true",
            "given",
            "true",
            "fields",
            "5",
            "values",
            "6",
            "waves",
            "3",
            "correlation",
            "-0.6",
            "rows",
            "300",
            "validRows",
            "20",
            "testRows",
            "400");
    TasksGenerator g = generator(1, new TasksGenerator.Funnel(true, true, 0));
    try (DataSet data = open(settings).data()) {
      assertThat(data.schema().labels().stream().map(Field.Label::name))
          .containsExactly("first", "second", "second_of_first");
      Batch b = all(data.train());
      assertThat(b.label("second_of_first")).isEqualTo(b.label("second")).contains(0, 1);
      assertThat(b.labelMask("second_of_first")).isEqualTo(b.label("first")).contains(0, 1);
      assertThat(b.labelMask("second")).isNull();
      TasksGenerator apart = generator(1);
      double won = 0;
      long pairs = 0;
      for (int i = 320; i < 720; i++) {
        for (int j = 320; j < 720; j++) {
          if (g.label(i, 0) == 1
              && g.label(i, 1) == 1
              && g.label(j, 0) == 1
              && g.label(j, 1) == 0) {
            won += (1 + Math.signum(apart.probability(i, 1) - apart.probability(j, 1))) / 2;
            pairs++;
          }
        }
      }
      assertThat(data.facts().get("bayes_auc_second_of_first")).isCloseTo(won / pairs, EXACT);
    }
    assertThatThrownBy(() -> open(Map.of("given", "true")))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("data.given=true without a funnel. Expected data.funnel=true");
  }

  @Test
  void scenariosAndUsersAreThere() {
    Map<String, String> settings =
        Map.of("scenarios", "3", "rows", "200", "validRows", "20", "testRows", "40");
    try (DataSet data = open(settings).data()) {
      assertThat(data.schema().labels().stream().map(Field.Label::name))
          .containsExactly("first", "second");
      Batch b = all(data.train());
      assertThat(b.domains()).contains(0, 1, 2);
      assertThat(Arrays.stream(requireNonNull(b.groups())).boxed())
          .contains(0L, 19L)
          .allMatch(u -> u >= 0 && u < 20);
      assertThat(b.sparse().of("place").values().length).isEqualTo(200);
      assertThat(data.facts()).containsKeys("bayes_auc_first", "bayes_auc_second");
    }
    try (DataSet data = open(Map.of("rows", "50", "validRows", "0", "testRows", "9")).data()) {
      assertThat(data.schema().one(Field.Domain.class)).isEmpty();
    }
  }

  @Test
  void rowsThatAreWrittenAndReadBackAreThoseThatArePrepared() throws IOException {
    Path table = folder.resolve("table.csv");
    Map<String, String> law = Map.of("scenarios", "2", "fields", "4");
    assertThat(new TasksSource().generate(table, 100, 7, law)).isEqualTo(100);
    assertThat(Files.readString(table))
        .startsWith("first,second,user,scenario,place,f1,f2,f3,f4\n");
    Opened read =
        new CsvSource()
            .open(
                new Request(table, folder.resolve("cache"), 0, Map.of("split", "order"), _ -> {}));
    Opened prepared =
        open(
            Map.of(
                "scenarios",
                "2",
                "fields",
                "4",
                "rows",
                "80",
                "validRows",
                "10",
                "testRows",
                "10"));
    try (DataSet a = read.data();
        DataSet b = prepared.data()) {
      assertThat(a.schema()).isEqualTo(b.schema());
      Batch x = all(a.train());
      Batch y = all(b.train());
      assertThat(x.sparse().values()).isEqualTo(y.sparse().values());
      assertThat(x.label("second")).isEqualTo(y.label("second"));
      assertThat(x.domains()).isEqualTo(y.domains());
    }
  }

  /// The third label and its mask too: what is written of them is what the generator says.
  @Test
  void theThirdLabelIsWrittenWithItsMask() throws IOException {
    Path table = folder.resolve("table.csv");
    Map<String, String> law = Map.of("fields", "2", "funnel", "true", "given", "true");
    new TasksSource().generate(table, 60, 7, law);
    List<String> lines = Files.readAllLines(table);
    assertThat(lines.getFirst()).isEqualTo("first,second,second_of_first,first_done,user,f1,f2");
    assertThat(lines.subList(1, 61))
        .allMatch(line -> line.matches("(1,([01]),\\2,1|0,0,0,0),\\d+,v\\d+,v\\d+"))
        .anyMatch(line -> line.startsWith("1,0,"))
        .anyMatch(line -> line.startsWith("0,"));
    Map<String, String> order = Map.of("split", "order");
    try (DataSet read =
        new CsvSource()
            .open(new Request(table, folder.resolve("cache"), 0, order, _ -> {}))
            .data()) {
      assertThat(requireNonNull(all(read.train()).labelMask("second_of_first"))).contains(0, 1);
    }
  }

  @Test
  void tooFewFieldsAreAnError() {
    assertThatThrownBy(() -> open(Map.of("fields", "3", "scenarios", "2")))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("3 fields for two tasks in 2 scenarios. Expected at least 4");
  }
}
