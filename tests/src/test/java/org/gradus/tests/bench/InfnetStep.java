// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.layers.FeedForward;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.models.Model;
import org.gradus.models.infnet.InfnetSpec;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.trainer.bench.GeneratedBatches;

/// A step, forward and backward, on ten fields, four behaviours of a quarter of the steps each and two tasks; B = 32, d = 32.
final class InfnetStep implements AutoCloseable {
  private static final int BATCH = 32;
  private static final int FIELDS = 10;
  private static final int BEHAVIOURS = 4;
  private static final int TASKS = 2;
  private static final int WIDTH = 32;
  private static final int ROWS = 1000;

  private final Device device;
  private final Params params;
  private final Batch batch;
  private final Model infnet;
  private final Model checkpointed;
  private final TransformerEncoder attention;
  private final float[] tokens;

  /// Whose step.
  enum Side {
    /// INFNet
    PROXIES,
    /// the same, of whose blocks between only the ends are kept
    CHECKPOINTED,
    /// as many layers of self-attention among as many tokens of the same width, looked up nowhere and without heads
    FULL_ATTENTION
  }

  /// @param steps of all behaviours, L
  InfnetStep(Device device, int steps, int blocks) {
    this.device = device;
    params = Params.create(device, 1);
    Schema schema = schema(steps);
    batch = GeneratedBatches.draw(schema, BATCH, 0);
    infnet = infnet(schema, blocks, "NONE", params.at("infnet"));
    checkpointed = infnet(schema, blocks, "BLOCK", params.at("checkpointed"));
    var network = new FeedForward.Config(WIDTH, FeedForward.Activation.RELU, 0);
    attention =
        new TransformerEncoder(
            WIDTH,
            new TransformerEncoder.Config(
                blocks, 1, Residual.Norm.PRE, MultiHeadAttention.Config.PAPER, network, 0),
            false,
            params.at("attention"));
    tokens = new float[BATCH * tokens(steps) * WIDTH];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = i % 7 * .1f - .3f;
    }
  }

  /// M + L + N_t
  static int tokens(int steps) {
    return FIELDS + steps + TASKS;
  }

  /// Queries times keys of a block: m (L + N_t) + r F (M + N_t) + (N_s + N_t)(M + L), with m = 4, r = 1, N_s = 2.
  static int pairs(int steps) {
    return 4 * (steps + TASKS) + BEHAVIOURS * (FIELDS + TASKS) + (2 + TASKS) * (FIELDS + steps);
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

  private static Model infnet(Schema schema, int blocks, String checkpoint, Params params) {
    InfnetSpec spec = new InfnetSpec();
    Map<String, String> given = new TreeMap<>(Map.of("checkpoint", checkpoint));
    given.put("embeddingDim", String.valueOf(WIDTH));
    given.put("blocks", String.valueOf(blocks));
    return spec.create(spec.settings(given), schema, params);
  }

  /// One step.
  ///
  /// @return bytes in use on the device between the way forward and the way back
  long run(Side side) {
    try (Tape tape = Tape.recording(device)) {
      Var sum =
          switch (side) {
            case PROXIES -> heads(infnet, tape);
            case CHECKPOINTED -> heads(checkpointed, tape);
            case FULL_ATTENTION -> everyToEvery(tape);
          };
      long kept = device.memory().live();
      tape.backward(sum);
      return kept;
    }
  }

  private Var heads(Model model, Tape tape) {
    List<Var> sums = new ArrayList<>();
    model
        .forward(batch, Mode.training(tape, 1, 1))
        .heads()
        .values()
        .forEach(head -> sums.add(head.score().sum()));
    return Var.stack(0, sums).sum();
  }

  private Var everyToEvery(Tape tape) {
    int n = tokens.length / BATCH / WIDTH;
    boolean[] all = new boolean[BATCH * n];
    Arrays.fill(all, true);
    Tensor real = tape.scope().upload(Shape.of(BATCH, n), all);
    Var x = tape.variable(tape.scope().upload(Shape.of(BATCH, n, WIDTH), tokens));
    return attention.forward(x, real, Mode.training(tape, 1, 1)).sum();
  }

  @Override
  public void close() {
    params.close();
  }
}
