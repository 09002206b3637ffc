// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.layers.FeedForward;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.models.Model;
import org.gradus.models.infnet.InfnetSpec;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// A step of INFNet, forward and backward, as behaviours grow, beside two layers of self-attention among all its tokens: B = 256, ten
/// fields, four behaviours, two tasks, d = 32, two blocks. The one grows with the number of steps, the other with its square.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 4, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g"})
public class InfnetBenchmark {
  private static final int BATCH = 256;
  private static final int FIELDS = 10;
  private static final int BEHAVIOURS = 4;
  private static final int TASKS = 2;
  private static final int WIDTH = 32;
  private static final int ROWS = 1000;

  @Param({"2"})
  private int threads = 2;

  @Param({"50", "100", "200", "400"})
  private int steps = 50; // of all behaviours, L

  private Device device = Device.open("reference");
  private Params params = Params.create(device, 0);
  private Batch batch = batch(BEHAVIOURS);
  private Model infnet = infnet(BEHAVIOURS, "NONE", params.at("infnet"));
  private Model checkpointed = infnet(BEHAVIOURS, "BLOCK", params.at("checkpointed"));
  private TransformerEncoder attention = attention(params.at("attention"));

  /// Draws a batch of full behaviours.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    params = Params.create(device, 1);
    batch = batch(steps);
    infnet = infnet(steps, "NONE", params.at("infnet"));
    checkpointed = infnet(steps, "BLOCK", params.at("checkpointed"));
    attention = attention(params.at("attention"));
  }

  private static Schema schema(int steps) {
    List<Field> fields = new ArrayList<>();
    for (int f = 0; f < FIELDS; f++) {
      fields.add(new Field.Categorical("field" + f, ROWS));
    }
    for (int a = 0; a < BEHAVIOURS; a++) {
      fields.add(new Field.Sequence("behaviour" + a, ROWS, "behaviour" + a, steps / BEHAVIOURS));
    }
    for (int t = 0; t < TASKS; t++) {
      fields.add(new Field.Label("task" + t, Field.LabelKind.BINARY));
    }
    return new Schema(fields);
  }

  private static Batch batch(int steps) {
    Schema schema = schema(steps);
    int[] lengths = new int[(FIELDS + BEHAVIOURS) * BATCH];
    Arrays.fill(lengths, 1);
    Arrays.fill(lengths, FIELDS * BATCH, lengths.length, steps / BEHAVIOURS);
    int[] ids = new int[Arrays.stream(lengths).sum()];
    Arrays.setAll(ids, i -> (int) (2 + Counter.below(1, i, ROWS - 2)));
    List<String> keys = schema.ids().stream().map(Field.Ids::name).toList();
    Batch.Builder builder =
        Batch.builder(schema, BATCH).sparse(KeyedJaggedTensor.fromLengths(keys, ids, lengths));
    schema.labels().forEach(label -> builder.real(label.name(), new float[BATCH]));
    return builder.build();
  }

  private static Model infnet(int steps, String checkpoint, Params params) {
    InfnetSpec spec = new InfnetSpec();
    Map<String, String> given = new TreeMap<>(Map.of("checkpoint", checkpoint));
    given.put("embeddingDim", String.valueOf(WIDTH));
    return spec.create(spec.settings(given), schema(steps), params);
  }

  private static TransformerEncoder attention(Params params) {
    var network = new FeedForward.Config(WIDTH, FeedForward.Activation.RELU, 0);
    return new TransformerEncoder(
        WIDTH,
        new TransformerEncoder.Config(
            2, 1, Residual.Norm.PRE, MultiHeadAttention.Config.PAPER, network, 0),
        false,
        params);
  }

  /// Frees the parameters.
  @TearDown(Level.Trial)
  public void tearDown() {
    params.close();
    device.close();
  }

  /// INFNet.
  @Benchmark
  public int proxies() {
    return step(infnet);
  }

  /// INFNet whose blocks are computed twice, of which between only the ends are kept.
  @Benchmark
  public int proxiesCheckpointed() {
    return step(checkpointed);
  }

  private int step(Model model) {
    try (Tape tape = Tape.recording(device)) {
      var outputs = model.forward(batch, org.gradus.autograd.Mode.training(tape, 1, 1));
      Var sum =
          outputs.heads().values().stream()
              .map(head -> head.score().sum())
              .reduce(Var::add)
              .orElseThrow();
      tape.backward(sum);
      return tape.size();
    }
  }

  /// Every token asks every token.
  @Benchmark
  public int fullAttention() {
    try (Tape tape = Tape.recording(device)) {
      int tokens = FIELDS + steps + TASKS;
      float[] x = new float[BATCH * tokens * WIDTH];
      for (int i = 0; i < x.length; i++) {
        x[i] = (i % 7) * .1f - .3f;
      }
      boolean[] all = new boolean[BATCH * tokens];
      Arrays.fill(all, true);
      Tensor real = tape.scope().upload(Shape.of(BATCH, tokens), all);
      Var vectors = tape.variable(tape.scope().upload(Shape.of(BATCH, tokens, WIDTH), x));
      var mode = org.gradus.autograd.Mode.training(tape, 1, 1);
      tape.backward(attention.forward(vectors, real, mode).sum());
      return tape.size();
    }
  }
}
