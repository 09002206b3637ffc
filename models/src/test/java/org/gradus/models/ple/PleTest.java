// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ple;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.models.TaskExamples;
import org.gradus.models.mmoe.MmoeSpec;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;

class PleTest {
  private static final PleSpec SPEC = new PleSpec();
  private static final List<String> TASKS = List.of("click", "like", "watch");

  private static Map<String, String> given(String levels, String specific, String shared) {
    return Map.of(
        "embeddingDim",
        "2",
        "levels",
        levels,
        "specificExperts",
        specific,
        "sharedExperts",
        shared,
        "expertUnits",
        "4,3",
        "towerUnits",
        "3");
  }

  /// (PLE-1) to (PLE-4) of one row.
  private static Map<String, Double> oracle(
      Map<String, double[]> params, Settings s, List<String> tasks, double[] x) {
    Activation act = s.choice("activation", Activation.class);
    List<Integer> n = s.list("specificExperts");
    int shared = s.integer("sharedExperts");
    int levels = s.integer("levels");
    Map<String, double[]> streams = new TreeMap<>();
    tasks.forEach(task -> streams.put(task, x));
    double[] common = x;
    for (int l = 0; l < levels; l++) {
      String level = "level/" + l + "/";
      double[][] of = NaiveTasks.experts(params, level + "shared/expert/", shared, common, act);
      List<double[]> everybody = new ArrayList<>();
      for (int t = 0; t < tasks.size(); t++) {
        String own = level + "task/" + tasks.get(t) + "/";
        int count = n.size() == 1 ? n.getFirst() : n.get(t);
        double[] stream = Naive.get(streams, tasks.get(t));
        double[][] mine = NaiveTasks.experts(params, own + "expert/", count, stream, act);
        everybody.addAll(List.of(mine));
        double[] g = NaiveTasks.shares(params, own + "gate/", stream, count + shared, 0);
        double[][] heard =
            Stream.concat(Arrays.stream(mine), Arrays.stream(of)).toArray(double[][]::new);
        streams.put(tasks.get(t), NaiveTasks.mix(g, heard));
      }
      everybody.addAll(List.of(of));
      if (l < levels - 1 && shared > 0) {
        double[] g = NaiveTasks.shares(params, level + "shared/gate/", common, everybody.size(), 0);
        common = NaiveTasks.mix(g, everybody.toArray(double[][]::new));
      }
    }
    Map<String, Double> z = new TreeMap<>();
    for (String task : tasks) {
      double[] h = Naive.get(streams, task);
      z.put(task, NaiveTasks.tower(params, "tower/" + task + "/", h, act));
    }
    return z;
  }

  @Test
  void headsAreTheirEquations() {
    TaskBench.assertEquations(SPEC, PleTest::oracle);
  }

  /// A number of experts for each task.
  @Test
  void tasksMayHaveDifferentNumbersOfExperts() {
    Map<String, String> given = given("2", "2,0,1", "2");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 4, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 1)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> found = bench.scoresByLabel(batch);
      for (int row = 0; row < 4; row++) {
        double[] x = Naive.concatenated(params, batch, row);
        Map<String, Double> expected = oracle(params, SPEC.settings(given), TASKS, x);
        for (String task : TASKS) {
          assertClose(
              new double[] {Naive.get(found, task)[row]},
              new double[] {expected.getOrDefault(task, Double.NaN)},
              EXACT);
        }
      }
      assertThat(bench.shape("level/0/shared/gate/weight").size(1)).isEqualTo(5);
      assertThat(bench.shape("level/0/task/click/gate/weight").size(1)).isEqualTo(4);
    }
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("2", "1,2", "1"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "ple: specificExperts [1, 2] for the tasks [click, like, watch]. Expected one for all,"
                + " or one for each task.");
  }

  /// Experts of other sizes at each level, which read what the level below says.
  @Test
  void levelsMayHaveExpertsOfDifferentSizes() {
    Map<String, String> given = new HashMap<>(given("2", "1", "1"));
    given.put("expertUnits", "5,4;3");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 4, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 2)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> found = bench.scoresByLabel(batch);
      for (int row = 0; row < 4; row++) {
        double[] x = Naive.concatenated(params, batch, row);
        Map<String, Double> expected = oracle(params, SPEC.settings(given), TASKS, x);
        for (String task : TASKS) {
          assertClose(
              new double[] {Naive.get(found, task)[row]},
              new double[] {expected.getOrDefault(task, Double.NaN)},
              EXACT);
        }
      }
      assertThat(bench.shape("level/0/shared/expert/0/1/weight").size(1)).isEqualTo(4);
      assertThat(bench.shape("level/1/shared/expert/0/0/weight").size(0)).isEqualTo(4);
      assertThat(bench.shape("tower/click/0/weight").size(0)).isEqualTo(3);
    }
    given.put("levels", "3");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given, TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("levels 3")
        .hasMessageContaining("expertUnits [[5, 4], [3]]. Expected");
  }

  @Test
  void mutantsOfOtherLevelsFail() {
    Mutants.allFail(SPEC, given("1", "2", "1"));
    Mutants.allFail(SPEC, given("2", "1", "0"));
  }

  private static ModelBench worked(String levels) {
    Map<String, String> given =
        Map.of(
            "levels", levels,
            "specificExperts", "1",
            "sharedExperts", "1",
            "expertUnits", "2",
            "towerUnits", "",
            "activation", "identity");
    ModelBench bench = ModelBench.of(SPEC, given, TaskBench.WORKED, 1);
    int count = Integer.parseInt(levels);
    for (int l = 0; l < count; l++) {
      String level = "level/" + l + "/";
      bench.set(level + "task/first/expert/0/0/weight", 1, 0, 0, 1);
      bench.set(level + "task/second/expert/0/0/weight", 0, 1, 1, 0);
      bench.set(level + "shared/expert/0/0/weight", .5, .5, -.5, .5);
      bench.set(level + "task/first/gate/weight", .2, -.2, .1, .3);
      bench.set(level + "task/second/gate/weight", 0, .5, .5, 0);
      if (l < count - 1) {
        bench.set(level + "shared/gate/weight", .3, 0, -.3, 0, .2, .1);
      }
    }
    return bench;
  }

  /// What a task's stream holds at the end, through towers that pick one number of it.
  private static double[] stream(ModelBench bench, String task) {
    double[] h = new double[2];
    for (int i = 0; i < 2; i++) {
      bench.set("tower/" + task + "/out/weight", 1 - i, i);
      h[i] = Naive.get(bench.scoresByLabel(TaskBench.worked(1, -1)), task)[0];
    }
    return h;
  }

  @Test
  void workedExample() {
    try (ModelBench one = worked("1");
        ModelBench two = worked("2")) {
      assertClose(stream(one, "first"), new double[] {1, -.645656}, SIX_DECIMALS);
      assertClose(stream(one, "second"), new double[] {.462117, .268941}, SIX_DECIMALS);
      assertClose(stream(two, "first"), new double[] {.742405, -.362532}, SIX_DECIMALS);
      assertClose(stream(two, "second"), new double[] {.287918, .281787}, SIX_DECIMALS);
      // the shared stream between the levels: the second level says it again
      for (String task : List.of("first", "second")) {
        two.set("level/1/task/" + task + "/expert/0/0/weight", 0, 0, 0, 0);
        two.set("level/1/task/" + task + "/expert/0/0/bias", 0, 0);
        two.set("level/1/task/" + task + "/gate/weight", 0, 0, 0, 0);
      }
      two.set("level/1/shared/expert/0/0/weight", 2, 0, 0, 2);
      assertClose(stream(two, "first"), new double[] {.423208, -.187089}, SIX_DECIMALS);
    }
  }

  /// The shares of level 1 in the worked example, through experts that say constants.
  @Test
  void sharesOfTheWorkedExample() {
    try (ModelBench bench = worked("1")) {
      for (String expert : List.of("task/first", "task/second", "shared")) {
        bench.set("level/0/" + expert + "/expert/0/0/weight", 0, 0, 0, 0);
        boolean own = !expert.equals("shared");
        bench.set("level/0/" + expert + "/expert/0/0/bias", own ? 1 : 0, own ? 0 : 1);
      }
      assertClose(stream(bench, "first"), new double[] {.645656, .354344}, SIX_DECIMALS);
      assertClose(stream(bench, "second"), new double[] {.268941, .731059}, SIX_DECIMALS);
    }
  }

  // Invariants

  /// 1: without experts of its own, a task of CGC is one of MMoE.
  @Test
  void withoutSpecificExpertsItIsMmoe() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 1);
    Map<String, String> mixture =
        Map.of("embeddingDim", "2", "numExperts", "3", "expertUnits", "4,3", "towerUnits", "3");
    try (ModelBench cgc = ModelBench.drawn(SPEC, given("1", "0", "3"), TaskExamples.SCHEMA, 1);
        ModelBench mmoe = ModelBench.of(new MmoeSpec(), mixture, TaskExamples.SCHEMA, 1)) {
      TaskBench.copy(cgc, "v/", mmoe, "v/");
      TaskBench.copy(cgc, "level/0/shared/expert/", mmoe, "expert/");
      TaskBench.copy(cgc, "tower/", mmoe, "tower/");
      for (String task : TASKS) {
        TaskBench.copy(cgc, "level/0/task/" + task + "/gate/", mmoe, "gate/" + task + "/");
      }
      assertThat(cgc.paths()).hasSameSizeAs(mmoe.paths());
      TaskBench.assertScores(cgc.scoresByLabel(batch), mmoe.scoresByLabel(batch));
    }
  }

  /// Which parameters of other tasks' own parts the loss of a task reaches.
  private static List<String> foreign(ModelBench bench, String task) {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 2);
    Map<String, double[]> g = bench.gradients(batch, out -> out.head(task).score().square().sum());
    List<String> found = new ArrayList<>();
    for (String path : bench.paths()) {
      boolean own = path.contains("/" + task + "/");
      boolean common = path.startsWith("v/") || path.contains("/shared/");
      if (!own && !common && Arrays.stream(Naive.get(g, path)).anyMatch(d -> d != 0)) {
        found.add(path);
      }
    }
    return found;
  }

  /// 2 and 3: at one level no task reaches another's experts. At two it does, at the first, through the shared stream; without shared
  /// experts there is none.
  @Test
  void tasksMeetInTheSharedStreamOnly() {
    for (Map<String, String> apart :
        List.of(given("1", "1", "0"), given("1", "2", "2"), given("2", "1", "0"))) {
      try (ModelBench bench = ModelBench.drawn(SPEC, apart, TaskExamples.SCHEMA, 2)) {
        for (String task : TASKS) {
          assertThat(foreign(bench, task)).as("%s %s", apart, task).isEmpty();
        }
      }
    }
    try (ModelBench bench = ModelBench.drawn(SPEC, given("2", "1", "1"), TaskExamples.SCHEMA, 2)) {
      for (String task : TASKS) {
        assertThat(foreign(bench, task))
            .as(task)
            .isNotEmpty()
            .allMatch(path -> path.startsWith("level/0/") && path.contains("/expert/"));
      }
    }
  }

  /// Its parameters would never have a gradient.
  @Test
  void theLastLevelHasNoSharedGate() {
    try (ModelBench bench = ModelBench.of(SPEC, given("2", "1", "1"), TaskExamples.SCHEMA, 1);
        ModelBench alone = ModelBench.of(SPEC, given("3", "1", "0"), TaskExamples.SCHEMA, 1)) {
      assertThat(bench.paths())
          .contains("level/0/shared/gate/weight", "level/1/task/like/gate/weight")
          .doesNotContain("level/1/shared/gate/weight");
      assertThat(alone.paths()).noneMatch(path -> path.contains("/shared/"));
    }
  }

  /// 5: one task and one expert are a plain tower, at any number of levels.
  @Test
  void oneTaskAndOneExpertAreATower() {
    Schema schema =
        Schema.of(
            new Field.Categorical("user", 6), new Field.Label("click", Field.LabelKind.BINARY));
    Batch batch = SampleBatches.draw(schema, 5, 3);
    Map<String, String> given = new HashMap<>(given("2", "1", "0"));
    given.put("expertUnits", "4");
    try (ModelBench bench = ModelBench.drawn(SPEC, given, schema, 3)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> tower = new TreeMap<>();
      List<String> layers =
          List.of(
              "level/0/task/click/expert/0/0", "level/1/task/click/expert/0/0", "tower/click/0");
      assertThat(bench.paths()).hasSize(1 + 2 * layers.size() + 2);
      for (int l = 0; l < layers.size(); l++) {
        for (String part : List.of("/weight", "/bias")) {
          tower.put("all/" + l + part, Naive.get(params, layers.get(l) + part));
        }
      }
      double[] expected = new double[5];
      for (int row = 0; row < 5; row++) {
        double[] h = Naive.tower(tower, "all/", Naive.concatenated(params, batch, row));
        expected[row] =
            Naive.dot(h, Naive.get(params, "tower/click/out/weight"))
                + Naive.get(params, "tower/click/out/bias")[0];
      }
      assertClose(bench.scores(batch), expected, EXACT);
    }
  }

  @Test
  void tasksWithoutExpertsAreRefused() {
    assertThat(SPEC.conflict(SPEC.settings(given("1", "0", "0")))).contains("without experts");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("1", "1,0,1", "0"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leave a task without experts");
    assertThatThrownBy(() -> ModelBench.of(SPEC, given("0", "1", "1"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("levels 0");
  }
}
