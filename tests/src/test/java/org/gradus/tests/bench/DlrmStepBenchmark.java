// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.layers.LinearInit;
import org.gradus.models.dlrm.Dlrm;
import org.gradus.models.dlrm.Interaction;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.loss.Objective;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// One training step of DLRM with dot interaction: B = 2048, 26 tables of 100,000 rows, D = 64, bottom 13-512-256-64, top
/// 512-256-1, SGD. Samples per second are 2048 divided by the time.
@State(Scope.Benchmark)
@BenchmarkMode(org.openjdk.jmh.annotations.Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 4)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g"})
public class DlrmStepBenchmark {
  private static final int BATCH = 2048;
  private static final int TABLES = 26;
  private static final int ROWS = 100_000;

  @Param({"2"})
  private int threads = 2;

  private final List<Batch> batches = new ArrayList<>();
  private Device device = Device.open("reference");
  private Params params = Params.create(device, 0);
  private Dlrm model = small();
  private Objective objective = new Objective(LossConfig.ALL, schema(10));
  private Optimizer optimizer = optimizer();
  private long step;

  private static Schema schema(int rows) {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < 13; i++) {
      fields.add(new Field.Dense("int_" + i));
    }
    for (int f = 0; f < TABLES; f++) {
      fields.add(new Field.Categorical("cat_" + f, rows));
    }
    fields.add(new Field.Label("label", Field.LabelKind.BINARY));
    return new Schema(fields);
  }

  private Dlrm small() {
    return new Dlrm(
        new Dlrm.Config(2, List.of(2), List.of(2), Interaction.Config.DOT, LinearInit.PYTORCH),
        schema(10),
        params);
  }

  private Optimizer optimizer() {
    return new Optimizer(params, OptimizerConfig.of(Group.all(new Rule.Sgd(0, false), 0.01)));
  }

  /// Builds model and data.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    Schema schema = schema(ROWS);
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    params = Params.create(device, 1);
    model =
        new Dlrm(
            new Dlrm.Config(
                64,
                List.of(512, 256, 64),
                List.of(512, 256),
                Interaction.Config.DOT,
                LinearInit.PYTORCH),
            schema,
            params);
    objective = new Objective(LossConfig.ALL, schema);
    optimizer = optimizer();
    List<String> keys = schema.ids().stream().map(Field::name).toList();
    for (int i = 0; i < 8; i++) {
      int[] ids = new int[TABLES * BATCH];
      float[] dense = new float[13 * BATCH];
      float[] labels = new float[BATCH];
      for (int j = 0; j < ids.length; j++) {
        ids[j] = (int) Counter.below(i, j, ROWS);
      }
      for (int j = 0; j < dense.length; j++) {
        dense[j] = Counter.uniform(100 + i, j);
      }
      for (int j = 0; j < labels.length; j++) {
        labels[j] = Counter.bits(200 + i, j) < 0 ? 1 : 0;
      }
      batches.add(
          Batch.builder(schema, BATCH)
              .dense(dense)
              .sparse(KeyedJaggedTensor.oneHot(keys, ids, BATCH))
              .real("label", labels)
              .build());
    }
  }

  /// Frees them.
  @TearDown(Level.Trial)
  public void tearDown() {
    System.out.println(device.memory());
    optimizer.close();
    params.close();
    device.close();
    batches.clear();
  }

  /// Forward, backward, update.
  @Benchmark
  public double step() {
    Batch batch = batches.get((int) (step % batches.size()));
    step++;
    try (Tape tape = Tape.recording(device)) {
      Objective.Loss loss = objective.of(model.forward(batch, Mode.training(tape, 1, step)), batch);
      optimizer.step(tape.backward(loss.total()), step);
      return loss.total().value().item();
    }
  }

  /// The same with a second walk backward over the same tape, whose gradient is the one that is used.
  @Benchmark
  public double stepWithTwoWalks() {
    Batch batch = batches.get((int) (step % batches.size()));
    step++;
    try (Tape tape = Tape.recording(device)) {
      Objective.Loss loss = objective.of(model.forward(batch, Mode.training(tape, 1, step)), batch);
      tape.backward(loss.total());
      optimizer.step(tape.backward(loss.total()), step);
      return loss.total().value().item();
    }
  }
}
