// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CheckpointTest {
  private final Bench bench = new Bench();
  private final Device device = bench.device;
  private final Params params = Params.create(device, 3);
  private final TableParameter table = params.table("table", 5, 4, 0, Initializers.normal(0.5));
  private final DenseParameter w = params.weight("w", Shape.of(4, 4), Initializers.normal(0.5));
  private final DenseParameter b =
      params.dense("b", Shape.of(4), Parameter.Role.BIAS, Initializers.normal(0.5));

  @AfterEach
  void close() {
    params.close();
    bench.close();
  }

  /// A segment with everything that could go wrong: parameters used more than once, a table, dropout, inputs used twice.
  private Var segment(Mode mode, List<Var> in) {
    Tape tape = mode.tape();
    Var x = in.get(0);
    Var z = in.get(1);
    Var rows = Lookup.rows(tape, table, Shape.of(3), 2, 0, 2);
    for (int i = 0; i < 3; i++) {
      x = x.linear(tape.use(w), tape.use(b), Activation.TANH).dropout(0.25, mode.draw("d"));
      x = x.add(rows).multiply(z).add(in.get(0));
    }
    return x;
  }

  @Test
  void countsWhatIsRecordedInside() {
    try (Tape plain = Tape.recording(device);
        Tape tape = Tape.recording(device)) {
      segment(Mode.training(plain, 1, 2), twoInputs(plain));
      Mode mode = Mode.training(tape, 1, 2);
      Var y = tape.checkpoint(mode, twoInputs(tape), this::segment);
      assertThat(tape.operations()).as("before a walk").isEqualTo(1);
      Var loss = y.sum();
      tape.backward(loss);
      assertThat(tape.operations())
          .as("the checkpoint, its inside and the sum")
          .isEqualTo(1 + plain.operations() + 1);
    }
  }

  private static List<Var> twoInputs(Tape tape) {
    Var x = tape.variable(tape.scope().upload(Shape.of(3, 4), Bench.numbers(1, 12)));
    return List.of(x, tape.variable(tape.scope().upload(Shape.of(3, 4), Bench.numbers(2, 12))));
  }

  /// All gradients of a step in which w, the table and the inputs are also used before and behind the segment.
  private Map<String, double[]> gradients(boolean checkpoint, int walks) {
    Map<String, double[]> found = new TreeMap<>();
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 2);
      Var x = tape.variable(tape.scope().upload(Shape.of(3, 4), Bench.numbers(1, 12)));
      Var h = x.matmul(tape.use(w)).dropout(0.25, mode.draw("d"));
      BiFunction<Mode, List<Var>, Var> body = this::segment;
      List<Var> inputs = List.of(h, x);
      Var y = checkpoint ? tape.checkpoint(mode, inputs, body) : body.apply(mode, inputs);
      y = y.dropout(0.25, mode.draw("d")).add(Lookup.rows(tape, table, Shape.of(3), 1, 2, 3));
      Var loss = y.multiply(x).linear(tape.use(w), tape.use(b), Activation.SIGMOID).sum();
      for (int i = 0; i < walks; i++) {
        Gradients g = tape.backward(loss);
        found.put("loss", Bench.values(loss));
        found.put("x", numbers(g.of(x)));
        g.parameters()
            .forEach(
                p -> {
                  Gradient of = g.of(p);
                  if (of instanceof Gradient.Dense(Tensor values)) {
                    found.put(p.path(), numbers(values));
                  } else if (of instanceof Gradient.Rows rows) {
                    double[] defined = new double[rows.count() * 5];
                    for (int r = 0; r < rows.count(); r++) {
                      defined[5 * r] = rows.rows().toInts()[r];
                      System.arraycopy(rows.values().toDoubles(), 4 * r, defined, 5 * r + 1, 4);
                    }
                    found.put(p.path(), defined);
                  }
                });
      }
    }
    return found;
  }

  private static double[] numbers(@org.jspecify.annotations.Nullable Tensor t) {
    return t == null ? new double[0] : t.toDoubles();
  }

  @Test
  void gradientsAreThoseOfThePlainCallToTheBit() {
    Map<String, double[]> plain = gradients(false, 1);
    assertThat(plain).containsOnlyKeys("loss", "x", "w", "b", "table");
    for (int walks = 1; walks <= 2; walks++) {
      Map<String, double[]> checkpointed = gradients(true, walks);
      assertThat(checkpointed).hasSameSizeAs(plain);
      plain.forEach((path, g) -> assertThat(checkpointed.get(path)).as(path).containsExactly(g));
    }
  }

  @Test
  void theInsideIsForgotten() {
    long plain = liveAfterForward(false);
    long checkpointed = liveAfterForward(true);
    // Forward alone: 8 segments of 16 intermediates each against one output each, [64, 64] of
    // float64.
    assertThat(plain).isGreaterThanOrEqualTo(8 * 16 * 64 * 64 * 8);
    assertThat(checkpointed).isLessThan(8 * 2 * 64 * 64 * 8);
  }

  private long liveAfterForward(boolean checkpoint) {
    BiFunction<Mode, List<Var>, Var> body =
        (_, in) -> {
          Var x = in.getFirst();
          for (int i = 0; i < 16; i++) {
            x = x.tanh();
          }
          return x;
        };
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.evaluation(tape);
      Var x = tape.variable(tape.scope().upload(Shape.of(64, 64), Bench.numbers(1, 64 * 64)));
      long before = device.memory().live();
      for (int i = 0; i < 8; i++) {
        x = checkpoint ? tape.checkpoint(mode, List.of(x), body) : body.apply(mode, List.of(x));
      }
      long live = device.memory().live() - before;
      tape.backward(x.sum());
      return live;
    }
  }

  @Test
  void movingStatisticsFollowTheForwardPassOnly() {
    int[] updates = {0};
    try (Tape tape = Tape.recording(device)) {
      Var x = tape.variable(tape.scope().upload(Shape.of(2), 1.0, 2.0));
      Var y =
          tape.checkpoint(
              Mode.training(tape, 1, 1),
              List.of(x),
              (mode, in) -> {
                updates[0] += mode.updatesStatistics() ? 1 : 0;
                return in.getFirst().square();
              });
      assertThat(updates[0]).isEqualTo(1);
      Tensor g = tape.backward(y.sum()).of(x);
      assertThat(numbers(g)).containsExactly(2, 4);
      assertThat(updates[0]).isEqualTo(1);
    }
  }

  @Test
  void anInputMayBeTheOutput() {
    Var x = bench.var(Shape.of(2), 1, 2);
    Mode mode = Mode.evaluation(bench.tape);
    Var y = bench.tape.checkpoint(mode, List.of(x, x), (_, in) -> in.get(1)).add(x);
    assertThat(bench.gradient(x, y, 3, 4)).containsExactly(6, 8);
    Var square =
        bench.tape.checkpoint(mode, List.of(x, x), (_, in) -> in.get(0).multiply(in.get(1)));
    assertThat(bench.gradient(x, square, 1, 1)).containsExactly(2, 4);
  }

  @Test
  void valuesMustComeThroughTheInputs() {
    Var x = bench.var(Shape.of(2), 1, 2);
    Mode mode = Mode.evaluation(bench.tape);
    assertThatThrownBy(() -> bench.tape.checkpoint(mode, List.of(x), (_, in) -> in.get(0).add(x)))
        .hasMessageContaining("add: operand constant [2] on reference belongs to another tape");
    assertThatThrownBy(() -> bench.tape.checkpoint(mode, List.of(x), (_, _) -> x))
        .hasMessageContaining(
            "checkpoint: the body returned constant [2] on reference of another tape");
    try (Tape other = Tape.recording(device)) {
      assertThatThrownBy(() -> other.checkpoint(mode, List.of(), (_, _) -> x))
          .hasMessage(
              "checkpoint: a mode of another tape. Expected the mode of the tape that is asked.");
    }
  }

  /// Two segments, which alone use parameters, each in a checkpoint of its own if asked for.
  private Var segments(boolean checkpoint, Mode mode, List<Var> in) {
    Var h = part(checkpoint, mode, in).tanh().dropout(0.25, mode.draw("d"));
    return part(checkpoint, mode, List.of(h, in.get(1))).multiply(in.get(0));
  }

  private Var part(boolean checkpoint, Mode mode, List<Var> in) {
    return checkpoint ? mode.tape().checkpoint(mode, in, this::segment) : this.segment(mode, in);
  }

  @Test
  void aCheckpointInsideACheckpointLosesNoGradient() {
    List<double[]> plain = nested(false);
    List<double[]> nested = nested(true);
    for (int i = 0; i < plain.size(); i++) {
      assertThat(nested.get(i)).containsExactly(plain.get(i)); // to the bit
    }
  }

  /// The loss, and the gradients of input, w, b and table, of two segments inside one.
  private List<double[]> nested(boolean checkpoint) {
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 2);
      Var x = tape.variable(tape.scope().upload(Shape.of(3, 4), Bench.numbers(1, 12)));
      List<Var> in = List.of(x, x);
      BiFunction<Mode, List<Var>, Var> body = (m, v) -> segments(checkpoint, m, v);
      Var y = checkpoint ? tape.checkpoint(mode, in, body) : body.apply(mode, in);
      Var loss = y.square().sum();
      Gradients g = tape.backward(loss);
      return List.of(
          Bench.values(loss),
          numbers(g.of(x)),
          dense(g.of(w)),
          dense(g.of(b)),
          g.of(table) instanceof Gradient.Rows rows
              ? java.util.Arrays.copyOf(rows.values().toDoubles(), 4 * rows.count())
              : new double[0]);
    }
  }

  private static double[] dense(@org.jspecify.annotations.Nullable Gradient g) {
    return g instanceof Gradient.Dense(Tensor values) ? values.toDoubles() : new double[0];
  }
}
