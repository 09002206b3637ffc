// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.data.DataSet;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.gradus.trainer.run.TrainConfig.Execution;
import org.gradus.trainer.run.TrainConfig.Loop;
import org.gradus.trainer.run.TrainConfig.Measure;
import org.gradus.trainer.run.TrainConfig.ModelChoice;
import org.gradus.trainer.run.TrainConfig.Stopping;
import org.jspecify.annotations.Nullable;

/// A small data set with something to learn, and DeepFM with everything that could break a resume: dropout, batch norm,
/// Adam, a schedule, early stopping, shuffling.
final class Toy {
  static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 12),
          new Field.Categorical("item", 9),
          new Field.Label("click", Field.LabelKind.BINARY),
          new Field.Group("who"));

  private static final Map<String, String> SETTINGS =
      Map.of("embeddingDim", "3", "hidden", "4,4", "dropout", "0.3", "batchNorm", "true");

  private Toy() {}

  /// Rows drawn from a key.
  record Rows(Schema schema, long rows, long key) implements Examples {
    @Override
    public Stream stream(Pass pass) {
      long[] next = {pass.skip()};
      return new Stream() {
        @Override
        public @Nullable Batch next() {
          long b = next[0]++;
          return b < pass.batches(rows) ? batch(pass, b) : null;
        }

        @Override
        public void close() {}
      };
    }

    private Batch batch(Pass pass, long number) {
      int from = (int) number * pass.batchSize();
      int n = (int) Math.min(pass.batchSize(), rows - from);
      float[] price = new float[n];
      int[] ids = new int[2 * n];
      float[] click = new float[n];
      long[] who = new long[n];
      for (int i = 0; i < n; i++) {
        long row = pass.shuffle() ? shuffled(pass, from + i) : from + i;
        price[i] = Counter.uniform(key, 4 * row) - 0.5f;
        ids[i] = 2 + (int) Counter.below(key, 4 * row + 1, 10);
        ids[n + i] = 2 + (int) Counter.below(key, 4 * row + 2, 7);
        double z = 3 * price[i] + (ids[i] % 3 - 1) * (ids[n + i] % 2 == 0 ? 1.5 : -1.5);
        click[i] = Counter.uniform(key, 4 * row + 3) < 1 / (1 + StrictMath.exp(-z)) ? 1 : 0;
        who[i] = ids[i];
      }
      return Batch.builder(schema, n)
          .dense(price)
          .sparse(KeyedJaggedTensor.oneHot(List.of("user", "item"), ids, n))
          .real("click", click)
          .integer("who", who)
          .build();
    }

    /// Another order for each seed and epoch: a rotation by a step that is coprime to the number of rows.
    private long shuffled(Pass pass, long place) {
      long k = Counter.key(pass.seed(), pass.epoch());
      long step = 1 + Counter.below(k, 0, rows - 1);
      while (gcd(step, rows) != 1) {
        step++;
      }
      return (place * step + Counter.below(k, 1, rows)) % rows;
    }

    private static long gcd(long a, long b) {
      return b == 0 ? a : gcd(b, a % b);
    }
  }

  static DataSet data() {
    return new DataSet(
        "toy",
        SCHEMA,
        new Rows(SCHEMA, 150, 1),
        new Rows(SCHEMA, 80, 2),
        new Rows(SCHEMA, 90, 3),
        Map.of("bayes_auc", 0.875),
        "toy-1");
  }

  static TrainConfig config() {
    return of("deepfm", SETTINGS);
  }

  static TrainConfig of(String model, Map<String, String> settings) {
    TrainConfig c = TrainConfig.of(model, "toy", "reference");
    return new TrainConfig(
        new ModelChoice(model, settings),
        c.data(),
        "reference",
        Map.of(),
        5,
        new Loop(3, 0, 16, false),
        OptimizerConfig.of(
            Group.all(Rule.Adam.PAPER, 0.02).with(new Schedule.WarmupHoldDecay(3, 8, 40))),
        c.loss(),
        new Stopping("valid.auc", 2),
        List.of(),
        null,
        new Measure(33, GroupedAuc.Weighting.IMPRESSIONS),
        new Execution(1, 4));
  }

  /// Does something with a trainer on a fresh device.
  static RunResult with(TrainConfig config, DataSet data, Work work) {
    DeviceOptions options = DeviceOptions.defaults().withThreads(config.execution().threads());
    try (Device device = Device.open(config.device(), options);
        Params params = Params.create(device, config.seed())) {
      ModelSpec spec = Models.get(config.model().name());
      Model model = spec.create(spec.settings(config.model().settings()), data.schema(), params);
      return work.with(new Trainer(config, data, model, params));
    }
  }

  interface Work {
    RunResult with(Trainer trainer);
  }

  static RunResult run(TrainConfig config, java.nio.file.Path folder, Listener listener) {
    return with(config, data(), t -> t.run(RunFolder.create(folder), listener));
  }

  static RunResult resume(TrainConfig config, java.nio.file.Path folder, Listener listener) {
    return with(config, data(), t -> t.resume(RunFolder.open(folder), listener));
  }
}
