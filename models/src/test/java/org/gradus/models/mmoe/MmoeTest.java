// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.mmoe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.GradCheck;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.SampleBatches;
import org.gradus.models.ModelBench;
import org.gradus.models.ModelCheck;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.models.TaskExamples;
import org.gradus.models.sharedbottom.SharedBottomSpec;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MmoeTest {
  private static final MmoeSpec SPEC = new MmoeSpec();
  private static final List<String> TASKS = List.of("click", "like", "watch");
  private static final Map<String, String> SMALL = given("3", "PER_TASK");

  private static Map<String, String> given(String experts, String gateMode) {
    return Map.of(
        "embeddingDim", "2",
        "numExperts", experts,
        "expertUnits", "4,3",
        "towerUnits", "3",
        "gateMode", gateMode);
  }

  private static Map<String, Double> oracle(
      Map<String, double[]> params, Settings s, List<String> tasks, double[] x) {
    Activation act = s.choice("activation", Activation.class);
    int count = s.integer("numExperts");
    double[][] e = NaiveTasks.experts(params, "expert/", count, x, act);
    Map<String, Double> z = new TreeMap<>();
    for (String task : tasks) {
      boolean own = s.choice("gateMode", Mmoe.GateMode.class) == Mmoe.GateMode.PER_TASK;
      String gate = "gate/" + (own ? task : "shared") + "/";
      double[] g = NaiveTasks.shares(params, gate, x, count, s.integer("topK"));
      z.put(task, NaiveTasks.tower(params, "tower/" + task + "/", NaiveTasks.mix(g, e), act));
    }
    return z;
  }

  @Test
  void headsAreTheirEquations() {
    TaskBench.assertEquations(SPEC, MmoeTest::oracle);
  }

  /// x is [user; tags; price] of 2, 2 and 1 numbers.
  @Test
  void gatesMayReadSomeOfTheFields() {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("gateFields", "price,user");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 4, 6);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 6)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> found = bench.scoresByLabel(batch);
      Activation act = Activation.RELU;
      for (int row = 0; row < 4; row++) {
        double[] x = Naive.concatenated(params, batch, row);
        double[][] e = NaiveTasks.experts(params, "expert/", 3, x, act);
        for (String task : TASKS) {
          double[] read = {x[4], x[0], x[1]};
          double[] g = NaiveTasks.shares(params, "gate/" + task + "/", read, 3, 0);
          double z = NaiveTasks.tower(params, "tower/" + task + "/", NaiveTasks.mix(g, e), act);
          assertClose(
              new double[] {Naive.get(found, task)[row]}, new double[] {z}, ModelBench.EXACT);
        }
      }
    }
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, Map.of("gateFields", "click"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mmoe: gateFields: click. Expected some of: user, tags, price");
  }

  /// Whoever watches is told the shares of every gate, as the loops have them.
  @Test
  void gatesTellTheirShares() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 4, 3);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 3)) {
      Map<String, double[]> seen = bench.weights(batch);
      assertThat(seen.keySet()).containsExactlyInAnyOrder("gate/click", "gate/like", "gate/watch");
      for (int row = 0; row < 4; row++) {
        double[] x = Naive.concatenated(bench.all(), batch, row);
        for (String task : TASKS) {
          String gate = "gate/" + task;
          assertClose(
              Arrays.copyOfRange(Naive.get(seen, gate), 3 * row, 3 * row + 3),
              NaiveTasks.shares(bench.all(), gate + "/", x, 3, 0),
              EXACT);
        }
      }
    }
    try (ModelBench bench =
        ModelBench.drawn(SPEC, given("1", "PER_TASK"), TaskExamples.SCHEMA, 3)) {
      assertThat(bench.weights(batch)).as("one expert has no gate").isEmpty();
    }
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Map<String, String> more = new HashMap<>(given("3", "SHARED"));
    more.putAll(Map.of("gateUnits", "3", "gateBias", "true", "topK", "2"));
    Mutants.allFail(SPEC, more);
    Mutants.allFail(SPEC, given("1", "PER_TASK"));
  }

  @Test
  void workedExample() {
    Batch batch = TaskBench.worked(1, .5f);
    Map<String, String> given = Map.of("numExperts", "2", "expertUnits", "2", "towerUnits", "");
    try (ModelBench bench = ModelBench.of(SPEC, given, TaskBench.WORKED, 1)) {
      bench.set("expert/0/0/weight", 1, 0, 0, 1);
      bench.set("expert/1/0/weight", .5, -1, 1, 2);
      bench.set("expert/1/0/bias", .1, 0);
      bench.set("gate/first/weight", 1, 0, 0, -1);
      bench.set("gate/second/weight", -1, 1, .5, .5);
      bench.set("tower/first/out/weight", .2, -.1);
      bench.set("tower/second/out/weight", .3, .4);
      Map<String, double[]> z = bench.scoresByLabel(batch);
      assertClose(Naive.get(z, "first"), new double[] {.16277}, SIX_DECIMALS);
      assertClose(Naive.get(z, "second"), new double[] {.350264}, SIX_DECIMALS);
      assertClose(
          new double[] {sigmoid(Naive.get(z, "first")[0]), sigmoid(Naive.get(z, "second")[0])},
          new double[] {.540603, .586682},
          SIX_DECIMALS);
      // the mixtures themselves, through towers that pick one number of them
      double[][] mixed = {{1.018243, .408787}, {1.08808, .059601}};
      for (int i = 0; i < 2; i++) {
        bench.set("tower/first/out/weight", 1 - i, i);
        bench.set("tower/second/out/weight", 1 - i, i);
        Map<String, double[]> h = bench.scoresByLabel(batch);
        assertClose(Naive.get(h, "first"), new double[] {mixed[0][i]}, SIX_DECIMALS);
        assertClose(Naive.get(h, "second"), new double[] {mixed[1][i]}, SIX_DECIMALS);
      }
      // and the shares, through experts that are constants
      bench.set("expert/0/0/weight", 0, 0, 0, 0);
      bench.set("expert/1/0/weight", 0, 0, 0, 0);
      bench.set("expert/0/0/bias", 1, 0);
      bench.set("expert/1/0/bias", 0, 1);
      Map<String, double[]> second = bench.scoresByLabel(batch);
      assertClose(Naive.get(second, "first"), new double[] {.182426}, SIX_DECIMALS);
      assertClose(Naive.get(second, "second"), new double[] {.880797}, SIX_DECIMALS);
    }
  }

  // Invariants

  /// 1: nothing is left of the gate, and the expert is the bottom.
  @ParameterizedTest
  @ValueSource(strings = {"PER_TASK", "SHARED"})
  void oneExpertIsSharedBottom(String mode) {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 1);
    Map<String, String> bottom =
        Map.of("embeddingDim", "2", "bottomUnits", "4,3", "towerUnits", "3");
    try (ModelBench mmoe = ModelBench.drawn(SPEC, given("1", mode), TaskExamples.SCHEMA, 1);
        ModelBench shared = ModelBench.of(new SharedBottomSpec(), bottom, TaskExamples.SCHEMA, 1)) {
      TaskBench.copy(mmoe, "v/", shared, "v/");
      TaskBench.copy(mmoe, "expert/0/", shared, "bottom/");
      TaskBench.copy(mmoe, "tower/", shared, "tower/");
      assertThat(mmoe.paths()).hasSameSizeAs(shared.paths()).noneMatch(p -> p.startsWith("gate"));
      TaskBench.assertScores(mmoe.scoresByLabel(batch), shared.scoresByLabel(batch));
    }
  }

  /// 2 and 4: gates of zeros take the mean, and of equal experts any gate takes the same.
  @Test
  void zeroGatesAverageAndEqualExpertsNeedNone() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 2)) {
      for (String task : TASKS) {
        String path = "gate/" + task + "/weight";
        bench.set(path, new double[bench.get(path).length]);
      }
      Map<String, double[]> params = bench.all();
      Map<String, double[]> expected = new TreeMap<>();
      for (String task : TASKS) {
        double[] z = new double[5];
        for (int row = 0; row < 5; row++) {
          double[] x = Naive.concatenated(params, batch, row);
          double[][] e = NaiveTasks.experts(params, "expert/", 3, x, Activation.RELU);
          double[] mean = NaiveTasks.mix(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, e);
          z[row] = NaiveTasks.tower(params, "tower/" + task + "/", mean, Activation.RELU);
        }
        expected.put(task, z);
      }
      TaskBench.assertScores(bench.scoresByLabel(batch), expected);
      for (String k : List.of("1", "2")) {
        for (String path : bench.paths()) {
          if (path.startsWith("expert/0/")) {
            bench.set("expert/" + k + path.substring(8), bench.get(path));
          }
        }
      }
      Map<String, double[]> equal = bench.scoresByLabel(batch);
      bench.set("gate/like/weight", GATES);
      TaskBench.assertScores(bench.scoresByLabel(batch), equal);
    }
  }

  /// Any gate over the five inputs and three experts.
  private static final double[] GATES = {
    .3, -.2, 1, .5, .1, -.7, .2, .2, -.4, 1.1, .6, -.3, .9, .4, .8
  };

  /// 3: a constant for all experts of a row says nothing.
  @Test
  void aConstantInAGateChangesNothing() {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("gateBias", "true");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 3);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 3)) {
      Map<String, double[]> before = bench.scoresByLabel(batch);
      bench.set(
          "gate/click/bias",
          Arrays.stream(bench.get("gate/click/bias")).map(b -> b + 2.5).toArray());
      TaskBench.assertScores(bench.scoresByLabel(batch), before);
    }
  }

  /// 5: who is called the first expert is irrelevant.
  @Test
  void expertsAndTheirSharesMayChangePlaces() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 4);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 4);
        ModelBench turned = ModelBench.of(SPEC, SMALL, TaskExamples.SCHEMA, 4)) {
      TaskBench.copy(bench, "", turned, "");
      for (int k = 0; k < 3; k++) {
        TaskBench.copy(bench, "expert/" + k + "/", turned, "expert/" + (k + 1) % 3 + "/");
      }
      assertThat(turned.scores(batch)).isNotEqualTo(bench.scores(batch));
      for (String task : TASKS) {
        double[] w = bench.get("gate/" + task + "/weight"); // [n, 3]
        double[] columns = new double[w.length];
        for (int i = 0; i < w.length; i++) {
          columns[i - i % 3 + (i % 3 + 1) % 3] = w[i];
        }
        turned.set("gate/" + task + "/weight", columns);
      }
      TaskBench.assertScores(turned.scoresByLabel(batch), bench.scoresByLabel(batch));
    }
  }

  /// 6: OMoE is MMoE whose gates agree.
  @Test
  void equalGatesAreOmoe() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 5);
    try (ModelBench omoe = ModelBench.drawn(SPEC, given("3", "SHARED"), TaskExamples.SCHEMA, 5);
        ModelBench mmoe = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 6)) {
      for (String part : List.of("v/", "expert/", "tower/")) {
        TaskBench.copy(omoe, part, mmoe, part);
      }
      for (String task : TASKS) {
        TaskBench.copy(omoe, "gate/shared/", mmoe, "gate/" + task + "/");
      }
      TaskBench.assertScores(mmoe.scoresByLabel(batch), omoe.scoresByLabel(batch));
    }
  }

  /// A batch of one row keeps its axis.
  @Test
  void oneRowIsARow() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 1, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 1)) {
      assertThat(bench.scoresByLabel(batch).values()).allMatch(z -> z.length == 1);
    }
  }

  /// Equal experts would stay equal.
  @Test
  void expertsStartApart() {
    try (ModelBench bench = ModelBench.of(SPEC, SMALL, TaskExamples.SCHEMA, 1)) {
      assertThat(bench.get("expert/0/0/weight")).isNotEqualTo(bench.get("expert/1/0/weight"));
      assertThat(bench.paths()).noneMatch(p -> p.matches("gate/.*/bias"));
    }
  }

  /// Leaving experts out is a matter of training, and of gates that still add up to 1.
  @Test
  void expertsAreLeftOutInTrainingOnly() {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("gateDropout", "0.6");
    Settings settings = SPEC.settings(given);
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 7);
    try (ModelBench plain = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 7);
        ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 7);
        Device reference = Device.open("reference")) {
      TaskBench.assertScores(bench.scoresByLabel(batch), plain.scoresByLabel(batch));
      GradCheck.of(7).check(reference, ModelCheck.objective(SPEC, settings, batch)).orFail();
    }
  }

  @Test
  void expertsWithoutLayersAreRefused() {
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("expertUnits", ""), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("mmoe: expertUnits is empty. Expected at least one layer.");
    assertThatThrownBy(() -> ModelBench.of(SPEC, Map.of("numExperts", "0"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expert: 0 experts. Expected at least 1.");
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, Map.of("gateDropout", "1"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 ≤ dropout < 1");
  }

  /// The loudest expert alone is that expert.
  @Test
  void theLoudestExpertIsHeardAlone() {
    Map<String, String> given = new HashMap<>(SMALL);
    given.put("topK", "1");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 8);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 8)) {
      Map<String, double[]> params = bench.all();
      double[] z = Naive.get(bench.scoresByLabel(batch), "click");
      for (int row = 0; row < 5; row++) {
        double[] x = Naive.concatenated(params, batch, row);
        double[] a = Naive.linear(x, Naive.get(params, "gate/click/weight"), new double[3]);
        int best = a[0] >= a[1] && a[0] >= a[2] ? 0 : a[1] >= a[2] ? 1 : 2;
        double[] e = NaiveTasks.experts(params, "expert/", 3, x, Activation.RELU)[best];
        double expected = NaiveTasks.tower(params, "tower/click/", e, Activation.RELU);
        assertClose(new double[] {z[row]}, new double[] {expected}, EXACT);
      }
    }
  }
}
