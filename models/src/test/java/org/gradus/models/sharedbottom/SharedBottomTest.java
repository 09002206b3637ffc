// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sharedbottom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;
import static org.gradus.models.ModelBench.logLoss;
import static org.gradus.models.ModelBench.sigmoid;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.ModelBench;
import org.gradus.models.Mutants;
import org.gradus.models.Naive;
import org.gradus.models.NaiveTasks;
import org.gradus.models.Settings;
import org.gradus.models.TaskBench;
import org.gradus.models.TaskExamples;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.Test;

class SharedBottomTest {
  private static final SharedBottomSpec SPEC = new SharedBottomSpec();
  private static final Map<String, String> SMALL =
      Map.of("embeddingDim", "2", "bottomUnits", "5,3", "towerUnits", "3");

  private static Map<String, Double> oracle(
      Map<String, double[]> params, Settings s, List<String> tasks, double[] x) {
    Activation act = s.choice("activation", Activation.class);
    double[] h = NaiveTasks.mlp(params, "bottom/", x, act);
    Map<String, Double> z = new TreeMap<>();
    for (String task : tasks) {
      z.put(task, NaiveTasks.tower(params, "tower/" + task + "/", h, act));
    }
    return z;
  }

  @Test
  void headsAreTheirEquations() {
    TaskBench.assertEquations(SPEC, SharedBottomTest::oracle);
  }

  /// Towers of their own sizes, in the order of the labels: two layers, none, one.
  @Test
  void towersMayHaveDifferentSizes() {
    List<String> tasks = List.of("click", "like", "watch");
    Map<String, String> given =
        Map.of("embeddingDim", "2", "bottomUnits", "5,3", "towerUnits", "4,2;;3");
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 4, 8);
    try (ModelBench bench = ModelBench.drawn(SPEC, given, TaskExamples.SCHEMA, 8)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> expected = new TreeMap<>();
      for (int row = 0; row < 4; row++) {
        int at = row;
        double[] x = Naive.concatenated(params, batch, row);
        oracle(params, SPEC.settings(given), tasks, x)
            .forEach((task, z) -> expected.computeIfAbsent(task, _ -> new double[4])[at] = z);
      }
      TaskBench.assertScores(bench.scoresByLabel(batch), expected);
      assertThat(bench.shape("tower/click/1/weight").size(1)).isEqualTo(2);
      assertThat(bench.shape("tower/like/out/weight").size(0)).isEqualTo(3);
      assertThat(bench.shape("tower/watch/0/weight").size(1)).isEqualTo(3);
    }
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, Map.of("towerUnits", "4;2"), TaskExamples.SCHEMA, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "shared-bottom: towerUnits [[4], [2]] for the tasks [click, like, watch]. Expected one"
                + " for all, or one for each task.");
  }

  @Test
  void mutantsOfOtherOptionsFail() {
    Mutants.allFail(SPEC, Map.of("embeddingDim", "2", "bottomUnits", "5,3", "towerUnits", ""));
    Mutants.allFail(
        SPEC,
        Map.of(
            "embeddingDim",
            "2",
            "bottomUnits",
            "4",
            "towerUnits",
            "3",
            "activation",
            "tanh",
            "batchNorm",
            "true"));
  }

  private static ModelBench worked(String activation, double secondBias) {
    ModelBench bench =
        ModelBench.of(
            SPEC,
            Map.of("bottomUnits", "3", "towerUnits", "", "activation", activation),
            TaskBench.WORKED,
            1);
    bench.set("bottom/0/weight", .5, -.25, .1, .2, .4, -.3);
    bench.set("bottom/0/bias", .1, secondBias, -.1);
    bench.set("tower/first/out/weight", .3, -.2, .5);
    bench.set("tower/first/out/bias", .05);
    bench.set("tower/second/out/weight", -.4, .1, .2);
    bench.set("tower/second/out/bias", -.1);
    return bench;
  }

  private static Map<String, double[]> slopes(ModelBench bench, Batch batch) {
    Map<String, float[]> labels = Map.of("first", new float[] {1}, "second", new float[] {0});
    return bench.gradients(batch, out -> TaskBench.crossEntropy(out, labels));
  }

  @Test
  void workedExample() {
    Batch batch = TaskBench.worked(1, -2);
    try (ModelBench bench = worked("relu", 0)) {
      Map<String, double[]> z = bench.scoresByLabel(batch);
      double first = Naive.get(z, "first")[0];
      double second = Naive.get(z, "second")[0];
      assertClose(
          new double[] {first, second, sigmoid(first), sigmoid(second)},
          new double[] {.41, -.06, .601088, .485004},
          SIX_DECIMALS);
      assertClose(
          new double[] {logLoss(first, 1), logLoss(second, 0)},
          new double[] {.509014, .663597},
          SIX_DECIMALS);
      // what the ReLU lets through of ∂L/∂h
      assertClose(
          Naive.get(slopes(bench, batch), "bottom/0/bias"),
          new double[] {-.313675, 0, -.102455},
          SIX_DECIMALS);
    }
    // the same h without a ReLU: the whole of ∂L/∂h
    try (ModelBench bench = worked("identity", 1.05)) {
      assertClose(
          Naive.get(slopes(bench, batch), "bottom/0/bias"),
          new double[] {-.313675, .128283, -.102455},
          SIX_DECIMALS);
    }
  }

  /// 1: one task is a plain tower.
  @Test
  void oneTaskIsATower() {
    Schema schema =
        Schema.of(
            new Field.Categorical("user", 6),
            new Field.Dense("price"),
            new Field.Label("click", Field.LabelKind.BINARY));
    Batch batch = SampleBatches.draw(schema, 5, 1);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, schema, 1)) {
      Map<String, double[]> params = bench.all();
      Map<String, double[]> tower = new TreeMap<>(); // five layers, one after the other
      List<String> layers = List.of("bottom/0", "bottom/1", "tower/click/0");
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

  /// 2: gradients of tasks add up in the bottom; the towers of others have none.
  @Test
  void gradientsOfTasksMeetInTheBottom() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 5, 2);
    try (ModelBench bench = ModelBench.drawn(SPEC, SMALL, TaskExamples.SCHEMA, 2)) {
      List<String> labels = List.of("click", "like", "watch");
      List<Map<String, double[]>> each = new ArrayList<>();
      for (String label : labels) {
        each.add(bench.gradients(batch, out -> out.head(label).score().square().sum()));
      }
      Map<String, double[]> all =
          bench.gradients(
              batch,
              out ->
                  labels.stream()
                      .map(label -> out.head(label).score().square().sum())
                      .reduce((a, b) -> a.add(b))
                      .orElseThrow());
      for (String path : bench.paths()) {
        double[] sum = new double[bench.get(path).length];
        for (int t = 0; t < labels.size(); t++) {
          double[] g = Naive.get(each.get(t), path);
          boolean foreign =
              path.startsWith("tower/") && !path.startsWith("tower/" + labels.get(t) + "/");
          if (foreign) {
            assertThat(g).as("%s in %s", labels.get(t), path).containsOnly(0);
          }
          for (int i = 0; i < sum.length; i++) {
            sum[i] += g[i];
          }
        }
        assertClose(Naive.get(all, path), sum, EXACT);
      }
    }
  }

  /// 4: the order of labels decides about nothing: a task has the same parameters, and the same score of every row.
  @Test
  void theOrderOfTasksIsIrrelevant() {
    Schema reversed = TaskBench.labelsReversed(TaskExamples.SCHEMA);
    try (ModelBench bench = ModelBench.of(SPEC, SMALL, TaskExamples.SCHEMA, 3);
        ModelBench other = ModelBench.of(SPEC, SMALL, reversed, 3)) {
      assertThat(other.paths()).isEqualTo(bench.paths());
      for (String path : bench.paths()) {
        assertThat(other.get(path)).as(path).isEqualTo(bench.get(path));
      }
      Map<String, double[]> scores =
          bench.scoresByLabel(SampleBatches.draw(TaskExamples.SCHEMA, 5, 3));
      assertThat(Naive.get(scores, "click")).isNotEqualTo(Naive.get(scores, "watch"));
      TaskBench.assertScores(other.scoresByLabel(SampleBatches.draw(reversed, 5, 3)), scores);
      assertThat(bench.paths())
          .contains("bottom/1/bias", "tower/like/0/weight", "tower/watch/out/bias", "v/user");
    }
  }

  @Test
  void everyLabelHasAHeadOfItsKind() {
    Batch batch = SampleBatches.draw(TaskExamples.SCHEMA, 2, 1);
    try (ModelBench bench = ModelBench.of(SPEC, SMALL, TaskExamples.SCHEMA, 1)) {
      bench.evaluate(
          batch,
          out -> {
            assertThat(out.heads().keySet()).containsExactly("click", "like", "watch");
            assertThat(out.head("like")).isInstanceOf(Head.Logit.class);
            assertThat(out.head("watch")).isInstanceOf(Head.Value.class);
            return out;
          });
    }
    assertThatThrownBy(
            () -> ModelBench.of(SPEC, SMALL, Schema.of(new Field.Categorical("user", 5)), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("shared-bottom: the schema has 0 labels. Expected at least one, a task each.");
  }
}
