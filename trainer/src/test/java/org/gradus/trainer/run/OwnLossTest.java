// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Var;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model without heads, on rows without labels: it is trained, chosen and measured by the losses that it computes itself.
class OwnLossTest {
  private static final Schema SCHEMA =
      Schema.of(new Field.Dense("price"), new Field.Categorical("user", 8));

  @TempDir private Path folder;

  /// Row i: user 2 + i mod 6, and a price that follows from the user, but for a part that depends on the split.
  private record Rows(int count, float off) implements Examples {
    @Override
    public Schema schema() {
      return SCHEMA;
    }

    @Override
    public long rows() {
      return count;
    }

    @Override
    public Stream stream(Pass pass) {
      long[] next = {pass.skip()};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          long b = next[0]++;
          return b < pass.batches(count)
              ? batch((int) b * pass.batchSize(), pass.batchSize())
              : null;
        }

        @Override
        public void close() {}
      };
    }

    private Batch batch(int from, int most) {
      int n = Math.min(most, count - from);
      int[] users = new int[n];
      float[] prices = new float[n];
      for (int i = 0; i < n; i++) {
        users[i] = 2 + (from + i) % 6;
        prices[i] = price(users[i]) + ((from + i) % 2 == 0 ? off : -off);
      }
      return Batch.builder(SCHEMA, n)
          .dense(prices)
          .sparse(KeyedJaggedTensor.oneHot(List.of("user"), users, n))
          .build();
    }

    private static float price(int user) {
      return 0.25f * user - 1;
    }
  }

  private static final DataSet DATA =
      new DataSet(
          "prices",
          SCHEMA,
          new Rows(50, 0.5f),
          new Rows(23, 0.25f),
          new Rows(17, 0),
          Map.of(),
          "prices-1");

  /// fit = mean (v_user − price)², size = mean |v_user|
  private static Model model(Params params) {
    TableParameter v = params.table("v", 8, 1, 0, Initializers.normal(0.1));
    return (batch, mode) -> {
      Shape rows = Shape.of(batch.size());
      Var found =
          Lookup.rows(mode.tape(), v, rows, batch.sparse().of("user").values()).squeeze(1); // [B]
      Var price = mode.tape().constant(rows, batch.dense());
      return new Outputs(Map.of(), Map.of("fit", found.subtract(price).square().mean()))
          .withLoss("size", found.abs().mean());
    };
  }

  private static TrainConfig config() {
    TrainConfig c = Toy.config();
    return new TrainConfig(
        c.model(),
        c.data(),
        "reference",
        Map.of(),
        5,
        new TrainConfig.Loop(6, 0, 16, false),
        c.optimizer(),
        new LossConfig(Map.of(), Map.of("size", 0.01)),
        new Stopping("valid.loss", 2),
        List.of(),
        null,
        new TrainConfig.Measure(10, c.measure().gauc()),
        new TrainConfig.Execution(1, 2));
  }

  private static RunResult with(TrainConfig config, Toy.Work work) {
    try (Device device = Device.open(config.device());
        Params params = Params.create(device, config.seed())) {
      return work.with(new Trainer(config, DATA, model(params), params));
    }
  }

  private static double number(RunResult r, String name) {
    return ((Number) Objects.requireNonNull(r.metrics().get(name), name)).doubleValue();
  }

  @Test
  void itIsTrainedAndMeasuredByItsLosses() {
    TrainConfig config = config();
    RunResult result =
        with(config, t -> t.run(RunFolder.create(folder.resolve("run")), Listener.SILENT));
    assertThat(result.metrics())
        .containsEntry("valid.rows", 23L)
        .containsEntry("test.rows", 17L)
        .doesNotContainKeys("test.auc", "test.logloss", "test.gauc");
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 9)) {
      model(params);
      RunFolder.open(folder.resolve("run")).loadModel(params);
      double[] v = new double[8];
      ((TableParameter) params.get("v")).table().read(0, v);
      double fit = 0;
      double size = 0;
      for (int i = 0; i < 17; i++) {
        int user = 2 + i % 6;
        fit += (v[user] - Rows.price(user)) * (v[user] - Rows.price(user)) / 17;
        size += Math.abs(v[user]) / 17;
      }
      // rows in batches of 10: 10 and 7, each counted as often as it has rows
      assertThat(number(result, "test.fit")).isCloseTo(fit, within(1e-12));
      assertThat(number(result, "test.size")).isCloseTo(size, within(1e-12));
      assertThat(number(result, "test.loss")).isCloseTo(fit + 0.01 * size, within(1e-12));
    }
    assertThat(folder.resolve("run/report.html")).content().contains("valid.loss", "train.fit");
  }

  @Test
  void theBestEpochIsTheOneOfTheLeastLoss() {
    List<Double> losses = new java.util.ArrayList<>();
    RunResult result =
        with(
            config()
                .with(new TrainConfig.Loop(200, 0, 16, false))
                .with(OptimizerConfig.of(Group.all(Rule.Sgd.PLAIN, 0.5))),
            t ->
                t.run(
                    RunFolder.create(folder.resolve("run")),
                    new Listener() {
                      @Override
                      public void epochDone(EpochReport report) {
                        losses.add(
                            Objects.requireNonNull(report.valid().metric("valid.loss")).value());
                      }
                    }));
    int best = 0;
    for (int e = 1; e < losses.size(); e++) {
      best = losses.get(e) < losses.get(best) ? e : best;
    }
    assertThat(losses.size()).isLessThan(200).isEqualTo(best + 1 + 2); // patience 2
    assertThat(number(result, "best_epoch")).isEqualTo(best + 1);
    assertThat(number(result, "valid.loss")).isEqualTo(losses.get(best));
    assertThat(losses.get(best)).isLessThan(losses.getFirst());
  }

  @Test
  void resumedItEndsAsTheRunThatWasNotStopped() {
    RunResult whole =
        with(config(), t -> t.run(RunFolder.create(folder.resolve("whole")), Listener.SILENT));
    Listener stopping =
        new Listener() {
          private long steps;

          @Override
          public void stepDone(long step, int rows, Map<String, Double> parts) {
            steps = step;
          }

          @Override
          public boolean stopRequested() {
            return steps == 5;
          }
        };
    Path run = folder.resolve("run");
    assertThat(with(config(), t -> t.run(RunFolder.create(run), stopping)).interrupted()).isTrue();
    RunResult resumed = with(config(), t -> t.resume(RunFolder.open(run), Listener.SILENT));
    for (String name : List.of("test.loss", "parameters_sha256", "last_parameters_sha256")) {
      assertThat(resumed.metrics().get(name)).as(name).isEqualTo(whole.metrics().get(name));
    }
  }

  @Test
  void noOtherMetricIsThere() {
    TrainConfig auc = config().with(new Stopping("valid.auc", 2));
    assertThatThrownBy(() -> with(auc, t -> t.run(new RunFolder(folder), Listener.SILENT)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "stopping: valid.auc is no metric: the rows have no labels. Expected valid.loss.");
  }

  @Test
  void aModelWithNothingToSayIsRefused() {
    Objective objective = new Objective(LossConfig.ALL, SCHEMA);
    assertThat(objective.labels()).isEmpty();
    Batch batch = new Rows(3, 0).batch(0, 3);
    assertThatThrownBy(() -> objective.of(new Outputs(Map.of(), Map.of()), batch))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("loss: the model has neither heads nor losses.");
  }
}
