// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.snippets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.csv.CsvSource;
import org.gradus.embeddings.Batch;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.deepfm.DeepFm;
import org.gradus.models.fm.Fm;
import org.gradus.tensor.Device;
import org.gradus.tensor.Tensor;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.Trainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The two training loops of `docs/training.md`, on a table where the label follows one column.
class TrainingTest {
  private static final int ROWS = 400;

  @TempDir private Path folder;

  private Path csv() throws IOException {
    StringBuilder rows = new StringBuilder("click,user,city\n");
    for (int i = 0; i < ROWS; i++) {
      rows.append(i % 4 == 0 ? 1 : 0).append(",u").append(i % 8).append(",c").append(i % 3);
      rows.append('\n');
    }
    Path file = folder.resolve("clicks.csv");
    Files.writeString(file, rows);
    Files.writeString(
        folder.resolve("clicks.csv.schema"), "label click\ncategorical user\ncategorical city\n");
    return file;
  }

  private static DataSet open(Path clicks, Path cache) {
    // @start region="open-csv"
    DataSource.Request request =
        new DataSource.Request(clicks, cache, 0, Map.of("split", "hash"), System.out::println);
    DataSet data = new CsvSource().open(request).data();
    // @end
    return data;
  }

  @Test
  void withTheLoopOfTrainer() throws IOException {
    Path runs = folder.resolve("runs");
    try (DataSet data = open(csv(), folder.resolve("cache"))) {
      // @start region="trainer-loop"
      OptimizerConfig optimizer =
          OptimizerConfig.of(
              Group.all(Rule.Sgd.PLAIN, 0.1).on("bias"), // the first group that matches trains it
              Group.all(Rule.Adam.PAPER, 0.05).with(Penalty.l2(1e-6)));
      TrainConfig config =
          TrainConfig.of("deepfm", "csv", "cpu")
              .with(new TrainConfig.Loop(3, 0, 64, false)) // 3 epochs, batches of 64
              .with(new TrainConfig.Stopping("valid.auc", 2))
              .with(optimizer);
      RunResult result;
      try (Device device = Device.open(config.device());
          Params params = Params.create(device, config.seed())) {
        Model model = new DeepFm(DeepFm.Config.PAPER, data.schema(), params);
        Trainer trainer = new Trainer(config, data, model, params);
        result = trainer.run(RunFolder.create(runs.resolve("first")), Listener.SILENT);
      }
      System.out.println(result.metrics().get("test.auc"));
      // @end
      assertThat(result.interrupted()).isFalse();
      assertThat(result.metrics()).containsKey("test.auc");
      assertThat(result.metrics().get("test.auc")).isEqualTo(1.0); // user decides the label
      assertThat(runs.resolve("first/model.safetensors")).exists();
    }
  }

  @Test
  void withALoopOfOnesOwn() throws IOException {
    try (DataSet data = open(csv(), folder.resolve("cache"))) {
      // @start region="own-loop"
      List<Double> losses = new ArrayList<>();
      try (Device device = Device.open("reference");
          Params params = Params.create(device, 42)) {
        Model model = new Fm(Fm.Config.DEFAULT, data.schema(), params);
        OptimizerConfig adagrad = OptimizerConfig.of(Group.all(Rule.Adagrad.DLRM, 0.1));
        try (Optimizer optimizer = new Optimizer(params, adagrad)) {
          long step = 0;
          for (int epoch = 0; epoch < 3; epoch++) {
            Examples.Pass pass = Examples.Pass.shuffled(64, 42, epoch);
            try (Examples.Stream batches = data.train().stream(pass)) {
              for (Batch b = batches.next(); b != null; b = batches.next()) {
                step++;
                try (Tape tape = Tape.recording(device)) {
                  Mode mode = Mode.training(tape, 42, step);
                  Head head = model.forward(b, mode).head("click");
                  Tensor label = tape.scope().upload(head.score().shape(), b.label("click"));
                  Var loss = head.score().crossEntropyWithLogits(label).mean();
                  optimizer.step(tape.backward(loss), step);
                  losses.add(loss.value().item());
                }
              }
            }
          }
        }
      }
      // @end
      // One row in four is a click: the best constant has log loss 0.562.
      assertThat(losses.getLast()).isLessThan(0.5).isLessThan(losses.getFirst());
    }
  }
}
