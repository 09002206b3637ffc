// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.assertj.core.data.Offset;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.metrics.Metric;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Six rows of two scenarios and two tasks, in two batches, whose metrics can be counted on fingers.
class CollectedTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("x"),
          new Field.Dense("g"),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Label("like", Field.LabelKind.BINARY),
          new Field.LabelMask("like_seen", "like"),
          new Field.Domain("page", 3));

  private static final float[] X = {.1f, .9f, .4f, .6f, .8f, .2f};
  private static final float[] G = {1, .5f, .25f, 0, 0, 0};
  private static final float[] CLICK = {0, 1, 1, 0, 1, 0};
  private static final float[] LIKE = {1, 0, 1, 0, 1, 0};
  private static final float[] SEEN = {1, 1, 1, 1, 0, 1};
  private static final long[] PAGE = {0, 0, 0, 2, 2, 2};

  private static final Offset<Double> EXACT = within(1e-12); // sums of six numbers of size one

  private static Batch batch(int from, int to, float[] seen) {
    float[] dense = new float[2 * (to - from)];
    for (int i = from; i < to; i++) {
      dense[2 * (i - from)] = X[i];
      dense[2 * (i - from) + 1] = G[i];
    }
    return Batch.builder(SCHEMA, to - from)
        .dense(dense)
        .real("click", Arrays.copyOfRange(CLICK, from, to))
        .real("like", Arrays.copyOfRange(LIKE, from, to))
        .real("like_seen", Arrays.copyOfRange(seen, from, to))
        .integer("page", Arrays.copyOfRange(PAGE, from, to))
        .build();
  }

  /// Rows 0 to 3, then 4 and 5.
  private record Rows(Schema schema, long rows, float[] seen) implements Examples {
    @Override
    public Stream stream(Pass pass) {
      List<Batch> batches = List.of(batch(0, 4, seen), batch(4, 6, seen));
      int[] next = {0};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          return next[0] < 2 ? batches.get(next[0]++) : null;
        }

        @Override
        public void close() {}
      };
    }
  }

  /// x for a click, −x for a like; two experts of which the first gets g, and attention over steps, which is no gate.
  private static Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int n = batch.size();
    double[] x = new double[n];
    double[] shares = new double[2 * n];
    for (int i = 0; i < n; i++) {
      x[i] = batch.dense()[2 * i];
      shares[2 * i] = batch.dense()[2 * i + 1];
      shares[2 * i + 1] = 1 - shares[2 * i];
    }
    Var g = tape.constant(Shape.of(n, 2), shares);
    mode.watch("gate", List.of(), g, null);
    mode.watch("attention", List.of("x"), g, null);
    mode.watchParts("attention of parts", List.of("a", "b"), g, null);
    // as many queries a row as the batch is long: over more of something in one batch than in the
    // next
    mode.watch(
        "attention of queries",
        List.of(),
        tape.constant(Shape.of(n, n, 2), new double[2 * n * n]),
        null);
    mode.watch(
        "attention of tokens",
        List.of(),
        tape.constant(Shape.of(n, 1, 6 - n), new double[n * (6 - n)]),
        null);
    Var z = tape.constant(Shape.of(n), x);
    return Outputs.logit("click", z).with("like", new Head.Logit(z.negate()));
  }

  private static Evaluation measured() {
    return measured(SEEN);
  }

  /// @param seen whose likes are known
  private static Evaluation measured(float... seen) {
    try (Device device = Device.open("reference")) {
      Model model = CollectedTest::forward;
      var measure = new TrainConfig.Measure(4, GroupedAuc.Weighting.UNIFORM);
      return new Evaluator(model, device, measure)
          .evaluate("test", new Rows(SCHEMA, 6, seen), List.of("click", "like"));
    }
  }

  private static double of(Map<String, Metric> metrics, String name) {
    Metric m = Objects.requireNonNull(metrics.get(name), name);
    assertThat(m.defined()).as(name + ": " + m).isTrue();
    return m.value();
  }

  /// Of nine pairs of clicks the one of 0.4 below 0.6 is wrong; of six pairs of likes that of −0.4 below −0.2.
  @Test
  void tasksAndScenariosAreMeasuredApart() {
    Map<String, Metric> m = measured().metrics();
    assertThat(of(m, "test.click.rows")).isEqualTo(6);
    assertThat(of(m, "test.like.rows")).isEqualTo(5);
    assertThat(of(m, "test.click.auc")).isCloseTo(8 / 9., EXACT);
    assertThat(of(m, "test.like.auc")).isCloseTo(5 / 6., EXACT);
    assertThat(of(m, "test.auc_macro")).isCloseTo((8 / 9. + 5 / 6.) / 2, EXACT);
    assertThat(of(m, "test.domain.0.click.auc")).isEqualTo(1);
    assertThat(of(m, "test.domain.2.click.auc")).isEqualTo(1);
    assertThat(of(m, "test.domain.2.like.rows")).isEqualTo(2);
    assertThat(m.get("test.domain.2.like.auc")).isNotNull().matches(a -> !a.defined());
    assertThat(of(m, "test.domain.2.auc_macro")).as("clicks alone").isEqualTo(1);
    assertThat(m.keySet()).as("nobody saw page 1").noneMatch(n -> n.contains("domain.1"));
  }

  /// Nobody's like is known in scenario 0, and one in scenario 2: a table of both has every column in both rows.
  @Test
  void whatAScenarioLacksIsUndefinedAndNotLeftOut() {
    Map<String, Metric> m = measured(0, 0, 0, 1, 0, 0).metrics();
    assertThat(of(m, "test.domain.0.like.rows")).isZero();
    assertThat(of(m, "test.domain.2.like.rows")).isEqualTo(1);
    for (String scenario : List.of("0", "2")) {
      String prefix = "test.domain." + scenario + ".";
      assertThat(m.get(prefix + "like.auc")).isNotNull().matches(a -> !a.defined());
      assertThat(of(m, prefix + "auc_macro")).as("clicks alone").isEqualTo(1);
    }
    assertThat(m.get("test.domain.0.like.gauc")).isEqualTo(Metric.undefined("no rows"));
    assertThat(ofScenario("0", m)).isEqualTo(ofScenario("2", m));
  }

  private static Set<String> ofScenario(String number, Map<String, Metric> metrics) {
    String prefix = "test.domain." + number + ".";
    return metrics.keySet().stream()
        .filter(name -> name.startsWith(prefix))
        .map(name -> name.substring(prefix.length()))
        .collect(Collectors.toSet());
  }

  @Test
  void gatesSayHowTheyShare() {
    Map<String, Metric> m = measured().metrics();
    double ofQuarter = .25 * Math.log(4) + .75 * Math.log(4 / 3.);
    assertThat(of(m, "test.share.gate.0")).isCloseTo(1.75 / 6, EXACT);
    assertThat(of(m, "test.share.gate.1")).isCloseTo(4.25 / 6, EXACT);
    assertThat(of(m, "test.entropy.gate")).isCloseTo((Math.log(2) + ofQuarter) / 6, EXACT);
    assertThat(of(m, "test.domain.0.share.gate.0")).isCloseTo(1.75 / 3, EXACT);
    assertThat(of(m, "test.domain.0.entropy.gate")).isCloseTo((Math.log(2) + ofQuarter) / 3, EXACT);
    assertThat(of(m, "test.domain.2.share.gate.1")).isEqualTo(1);
    assertThat(of(m, "test.domain.2.entropy.gate")).isZero();
    assertThat(m.keySet()).noneMatch(n -> n.contains("attention"));
  }

  /// There is no room for them on a terminal.
  @Test
  void gatesAndScenariosAreDetails() {
    Map<String, Metric> m = measured().metrics();
    assertThat(m.keySet().stream().filter(n -> !Evaluation.isDetail(n, m.keySet())))
        .contains("test.click.auc", "test.like.auc", "test.auc_macro")
        .noneMatch(n -> n.contains("gate") || n.contains("domain"));
  }
}
