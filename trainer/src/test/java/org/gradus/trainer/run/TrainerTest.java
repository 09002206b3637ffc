// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.run.TrainConfig.Loop;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {
  @TempDir private Path folder;

  private static double number(RunResult r, String name) {
    return ((Number) Objects.requireNonNull(r.metrics().get(name), name)).doubleValue();
  }

  private List<String> names(Path path) throws IOException {
    try (var all = Files.list(path)) {
      return all.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void leavesEverythingThatARunShall() throws IOException {
    TrainConfig config = Toy.config();
    RunResult result = Toy.run(config, folder.resolve("run"), Listener.SILENT);
    assertThat(names(folder.resolve("run")))
        .containsExactly(
            "checkpoints",
            "config.json",
            "curve.png",
            "curve.svg",
            "metrics.json",
            "metrics.jsonl",
            "model.safetensors",
            "report.html");
    assertThat(result.metrics())
        .containsKeys(
            "test.auc",
            "test.logloss",
            "test.gauc",
            "test.gauc_weighting",
            "test.gauc_users",
            "valid.auc",
            "valid.logloss",
            "valid.gauc",
            "valid.gauc_weighting",
            "valid.gauc_users",
            "samples_per_second",
            "parameters_sha256",
            "last_parameters_sha256")
        .containsEntry("bayes_auc", 0.875)
        .containsEntry("device", "reference")
        .containsEntry("seed", 5L)
        .containsEntry("epochs", 3L)
        .containsEntry("test.rows", 90L);
    assertThat(new RunFolder(folder.resolve("run")).config(TrainConfig.of("", "", "")))
        .isEqualTo(config);
    assertThat(folder.resolve("run/report.html"))
        .content()
        .contains("<svg", "train.click", "train.penalty", "deep/", "valid.auc");
  }

  @Test
  void learnsWhatIsThere() {
    TrainConfig config =
        Toy.of("fm", Map.of("embeddingDim", "4"))
            .with(new Loop(12, 0, 16, false))
            .with((Stopping) null)
            .with(OptimizerConfig.of(Group.all(Rule.Adagrad.DLRM, 0.2)));
    List<Double> losses = new ArrayList<>();
    RunResult result =
        Toy.run(
            config,
            folder.resolve("run"),
            new Listener() {
              @Override
              public void epochDone(EpochReport report) {
                losses.add(report.losses().getOrDefault("loss", Double.NaN));
              }
            });
    assertThat(losses.getLast()).isLessThan(0.8 * losses.getFirst());
    assertThat(number(result, "test.auc")).isGreaterThan(0.65); // chance is 0.5
  }

  @Test
  void earlyStoppingKeepsTheBest() {
    TrainConfig config = Toy.config().with(new Loop(30, 0, 16, false));
    List<Double> auc = new ArrayList<>();
    RunResult result =
        Toy.run(
            config,
            folder.resolve("run"),
            new Listener() {
              @Override
              public void epochDone(EpochReport report) {
                auc.add(Objects.requireNonNull(report.valid().metric("valid.auc")).value());
              }
            });
    int best = 0;
    for (int e = 1; e < auc.size(); e++) {
      best = auc.get(e) > auc.get(best) ? e : best;
    }
    assertThat(auc.size()).isLessThan(30).isEqualTo(best + 1 + 2); // patience 2
    assertThat(number(result, "best_epoch")).isEqualTo(best + 1);
    assertThat(number(result, "valid.auc")).isEqualTo(auc.get(best));
    assertThat(result.metrics().get("parameters_sha256"))
        .isNotEqualTo(result.metrics().get("last_parameters_sha256"));
  }

  @Test
  void theKeptModelEvaluatesTheSame() {
    RunResult result = Toy.run(Toy.config(), folder.resolve("run"), Listener.SILENT);
    TrainConfig other = Toy.config().withSeed(99); // other initial values, all overwritten
    Toy.with(
        other,
        Toy.data(),
        trainer -> {
          try (Device device = Device.open("reference");
              Params params = Params.create(device, 99)) {
            var spec = org.gradus.models.Models.get("deepfm");
            Model model = spec.create(spec.settings(other.model().settings()), Toy.SCHEMA, params);
            RunFolder.open(folder.resolve("run")).loadModel(params);
            Evaluation e =
                new Evaluator(model, device, new TrainConfig.Measure(7, other.measure().gauc()))
                    .evaluate("test", Toy.data().test(), List.of("click"));
            // rows scored seven at a time and not 33: evaluation does not depend on the batch
            for (String name : List.of("test.auc", "test.logloss", "test.gauc")) {
              assertThat(Objects.requireNonNull(e.metric(name)).value())
                  .as(name)
                  .isCloseTo(number(result, name), within(1e-12));
            }
          }
          return result;
        });
  }

  /// Large enough for several threads to have something to do.
  private static TrainConfig large() {
    return Toy.of(
            "deepfm",
            Map.of("embeddingDim", "16", "hidden", "96,64", "dropout", "0.3", "batchNorm", "true"))
        .on("cpu")
        .with(new Loop(3, 0, 128, false))
        .with((Stopping) null);
  }

  @Test
  void theSameRunEndsWithTheSameBitsAtAnyNumberOfThreads() {
    List<Object> hashes = new ArrayList<>();
    for (int threads : new int[] {1, 1, 2, 3, 5}) {
      TrainConfig config = large().with(new TrainConfig.Execution(threads, 0));
      RunResult result = Toy.run(config, folder.resolve("run" + hashes.size()), Listener.SILENT);
      hashes.add(Objects.requireNonNull(result.metrics().get("last_parameters_sha256")));
    }
    assertThat(hashes).containsOnly(hashes.getFirst());
    RunResult other = Toy.run(large().withSeed(6), folder.resolve("other"), Listener.SILENT);
    assertThat(other.metrics().get("last_parameters_sha256")).isNotIn(hashes);
  }

  @Test
  void stepsPerEpochAndPenaltyParts() {
    List<Map<String, Double>> parts = new ArrayList<>();
    TrainConfig config =
        Toy.config()
            .with(new Loop(2, 3, 16, true))
            .with((Stopping) null)
            .with(OptimizerConfig.of(Group.all(Rule.Sgd.PLAIN, 0.1).with(Penalty.l2(0.01))));
    RunResult result =
        Toy.run(
            config,
            folder.resolve("run"),
            new Listener() {
              @Override
              public void stepDone(long step, int rows, Map<String, Double> p) {
                parts.add(Map.copyOf(p));
              }
            });
    assertThat(result.steps()).isEqualTo(6);
    assertThat(parts).hasSize(6);
    for (Map<String, Double> p : parts) {
      assertThat(p).containsOnlyKeys("click", "penalty", "loss");
      assertThat(p.getOrDefault("penalty", 0.0)).isPositive();
      assertThat(p.getOrDefault("loss", 0.0))
          .isEqualTo(p.getOrDefault("click", 0.0) + p.getOrDefault("penalty", 0.0));
    }
  }

  private static final Schema LINE =
      Schema.of(new Field.Dense("x"), new Field.Label("y", Field.LabelKind.REGRESSION));

  /// z = w · x with w as given, on rows whose x is `x`.
  private RunResult line(double w, float x, double rate) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter weight = params.weight("w", Shape.of(1), Initializers.constant(w));
      Model model =
          (batch, mode) ->
              Outputs.head(
                  "y",
                  new org.gradus.models.Head.Value(
                      mode.tape()
                          .constant(Shape.of(batch.size()), batch.dense())
                          .multiply(mode.tape().use(weight))));
      Examples rows = new Line(x);
      DataSet data = new DataSet("line", LINE, rows, rows, rows, Map.of(), "line");
      TrainConfig config =
          TrainConfig.of("line", "line", "reference")
              .with(new Loop(3, 0, 4, false))
              .with(OptimizerConfig.of(Group.all(Rule.Sgd.PLAIN, rate)));
      return new Trainer(config, data, model, params)
          .run(RunFolder.create(folder.resolve("run")), Listener.SILENT);
    }
  }

  /// Four rows, all alike: y = 2x.
  private record Line(float x) implements Examples {
    @Override
    public Schema schema() {
      return LINE;
    }

    @Override
    public long rows() {
      return 4;
    }

    @Override
    public Stream stream(Pass pass) {
      boolean[] given = {pass.skip() > 0};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          if (given[0]) {
            return null;
          }
          given[0] = true;
          return Batch.builder(LINE, 4)
              .dense(new float[] {x, x, x, x})
              .real("y", new float[] {2 * x, 2 * x, 2 * x, 2 * x})
              .build();
        }

        @Override
        public void close() {}
      };
    }
  }

  /// w ← w − η (wx − 2x) x by hand, three times.
  @Test
  void aRegressionFollowsItsFormula() {
    double w = 0.5;
    for (int i = 0; i < 3; i++) {
      w -= 0.1 * (w * 1.5 - 3) * 1.5;
    }
    RunResult result = line(0.5, 1.5f, 0.1);
    assertThat(number(result, "test.rmse")).isCloseTo(Math.abs(w * 1.5 - 3), within(1e-14));
    assertThat(result.metrics()).doesNotContainKey("test.auc");
  }

  @Test
  void divergenceNamesStepPartAndTensor() throws IOException {
    // step 1 moves w by 6 · 2·10³⁰⁷, so that in step 2 the prediction 2w overflows
    assertThatThrownBy(() -> line(0.5, 2, 2e307))
        .isInstanceOf(DivergenceException.class)
        .hasMessageContaining("step 2: loss part y is Infinity")
        .hasMessageContaining("gradient of w [1] at place 0");
    assertThat(names(folder.resolve("run/checkpoints"))).containsExactly("latest", "step-000001");
  }

  @Test
  void aLossThatOverflowsByItselfIsSaidToDoSo() {
    // in step 2 the error is about 10³⁰⁰: finite, as its gradient is, and its square is not
    assertThatThrownBy(() -> line(0.5, 1, 1e300))
        .hasMessageContaining("step 2: loss part y is Infinity")
        .hasMessageContaining("none among parameters and gradients, so the loss overflowed");
  }

  @Test
  void nanInAParameterIsNamed() {
    assertThatThrownBy(() -> line(Double.NaN, 1, 0.1))
        .isInstanceOf(DivergenceException.class)
        .hasMessageContaining("step 1: loss part y is NaN")
        .hasMessageContaining("parameter w [1] at place 0");
  }

  @Test
  void nanInAFeatureIsNamed() {
    assertThatThrownBy(() -> line(0.5, Float.NaN, 0.1))
        .hasMessageContaining("label y of example 0 is NaN");
  }

  @Test
  void warmStartLoadsWhatFitsAndListsTheRest() {
    try (Device device = Device.open("reference")) {
      Path file = folder.resolve("old.safetensors");
      double[] oldRows = new double[3 * 2];
      try (Params old = Params.create(device, 1)) {
        old.weight("kernel", Shape.of(2), Initializers.constant(7));
        old.weight("gone", Shape.of(2), Initializers.constant(7));
        TableParameter t = old.table("items", 3, 2, 0, Initializers.normal(1));
        t.table().read(0, oldRows);
        org.gradus.trainer.store.SafeTensors.write(
            file, device, org.gradus.trainer.store.Stored.of(old), Map.of());
      }
      try (Params grown = Params.create(device, 2)) {
        DenseParameter kernel = grown.weight("kernel", Shape.of(2), Initializers.constant(1));
        grown.bias("new", Shape.of(2));
        TableParameter t = grown.table("items", 5, 2, 0, Initializers.normal(1));
        double[] before = new double[5 * 2];
        t.table().read(0, before);
        WarmStart w = WarmStart.from(file, grown);
        assertThat(w.loaded()).containsExactly("kernel");
        assertThat(w.grown()).containsExactly("items: 3 of 5 rows");
        assertThat(w.fresh()).containsExactly("new");
        assertThat(w.unused()).containsExactly("gone");
        assertThat(kernel.value().toDoubles()).containsOnly(7);
        double[] after = new double[5 * 2];
        t.table().read(0, after);
        System.arraycopy(oldRows, 0, before, 0, oldRows.length);
        assertThat(after).isEqualTo(before);
      }
      try (Params narrow = Params.create(device, 2)) {
        narrow.table("items", 5, 3, 0, Initializers.normal(1));
        assertThatThrownBy(() -> WarmStart.from(file, narrow))
            .hasMessageContaining("shapes differ: items [3, 2], expected [5, 3]");
      }
      try (Params strange = Params.create(device, 2)) {
        strange.weight("other", Shape.of(2), Initializers.zeros());
        assertThatThrownBy(() -> WarmStart.from(file, strange))
            .hasMessageContaining("no tensor of the model is in it");
      }
    }
  }

  @Test
  void aRunStartsFromAnotherAndNeedsItOnlyOnce() throws IOException {
    RunResult first = Toy.run(Toy.config(), folder.resolve("first"), Listener.SILENT);
    List<String> notes = new ArrayList<>();
    Listener listener =
        new Listener() {
          @Override
          public void note(String line) {
            notes.add(line);
          }
        };
    TrainConfig config =
        Toy.config()
            .withSeed(8)
            .withInitFrom(first.folder().toString())
            .with(new Loop(1, 1, 16, true));
    RunResult warm = Toy.run(config, folder.resolve("second"), listener);
    assertThat(notes.getFirst()).startsWith("loaded ");
    RunResult cold = Toy.run(config.withInitFrom(null), folder.resolve("third"), Listener.SILENT);
    assertThat(warm.metrics().get("last_parameters_sha256"))
        .isNotEqualTo(cold.metrics().get("last_parameters_sha256"));
    Files.delete(first.folder().resolve("model.safetensors"));
    RunResult again = Toy.resume(config, folder.resolve("second"), Listener.SILENT);
    assertThat(again.metrics().get("last_parameters_sha256"))
        .isEqualTo(warm.metrics().get("last_parameters_sha256"));
  }

  /// The penalty of the first step by hand: ½ λ Σ ‖row‖² / n over the distinct rows of the batch, n counted over all
  /// training rows.
  @Test
  void frequenciesForThePenaltyAreCountedOverTheTrainingRows() {
    double lambda = 0.5;
    TrainConfig config =
        Toy.of("fm", Map.of("embeddingDim", "2"))
            .with(new Loop(1, 1, 16, false))
            .with((Stopping) null)
            .with(
                OptimizerConfig.of(
                    Group.all(Rule.Sgd.PLAIN, 0.1)
                        .with(new Penalty(0, lambda, Penalty.Tables.DIN))));
    List<Double> found = new ArrayList<>();
    Toy.run(
        config,
        folder.resolve("run"),
        new Listener() {
          @Override
          public void stepDone(long step, int rows, Map<String, Double> parts) {
            found.add(parts.getOrDefault("penalty", Double.NaN));
          }
        });
    Examples train = Toy.data().train();
    Map<String, int[]> counts = Map.of("user", new int[12], "item", new int[9]);
    Map<String, int[]> inBatch = Map.of("user", new int[12], "item", new int[9]);
    count(train, Examples.Pass.inOrder(1000), counts);
    count(train, new Examples.Pass(16, true, config.seed(), 0, 0, false), inBatch);
    double expected = 0;
    try (Device device = Device.open("reference");
        Params params = Params.create(device, config.seed())) {
      var spec = org.gradus.models.Models.get("fm");
      spec.create(spec.settings(config.model().settings()), Toy.SCHEMA, params);
      for (Parameter p : params.all()) {
        switch (p) {
          case TableParameter t -> {
            String field = p.path().substring(p.path().lastIndexOf('/') + 1);
            double[] w = new double[(int) t.elements()];
            t.table().read(0, w);
            for (int i = 0; i < w.length; i++) {
              int row = i / t.table().width();
              if (Objects.requireNonNull(inBatch.get(field))[row] > 0) {
                int n = Objects.requireNonNull(counts.get(field))[row];
                expected += 0.5 * lambda / n * w[i] * w[i];
              }
            }
          }
          case DenseParameter d -> {
            if (d.role() == Parameter.Role.WEIGHT) {
              for (double w : d.value().toDoubles()) {
                expected += 0.5 * lambda * w * w;
              }
            }
          }
        }
      }
    }
    assertThat(found).hasSize(1);
    assertThat(found.getFirst()).isPositive().isCloseTo(expected, within(1e-14));
  }

  /// Counts ids over the first batch of a pass.
  private static void count(Examples rows, Examples.Pass pass, Map<String, int[]> into) {
    try (Examples.Stream stream = rows.stream(pass)) {
      Batch batch = Objects.requireNonNull(stream.next());
      into.forEach(
          (field, counts) -> {
            for (int id : batch.sparse().select(List.of(field)).values()) {
              counts[id]++;
            }
          });
    }
  }

  @Test
  void stoppingOnAnUnknownMetricListsTheKnown() {
    TrainConfig config = Toy.config().with(new Stopping("valid.ndcg", 1));
    assertThatThrownBy(() -> Toy.run(config, folder.resolve("run"), Listener.SILENT))
        .hasMessageContaining("valid.ndcg is no metric")
        .hasMessageContaining("valid.auc, valid.logloss");
  }
}
