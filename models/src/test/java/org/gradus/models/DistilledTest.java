// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DistilledTest {
  private static final Batch BATCH =
      SampleBatches.draw(
          Schema.of(
              new Field.Categorical("user", 4), new Field.Label("click", Field.LabelKind.BINARY)),
          2,
          1);

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final Params others = Params.create(device, 2);

  @AfterEach
  void close() {
    params.close();
    others.close();
    device.close();
  }

  /// Says the same of every batch.
  private static Model saying(DenseParameter z) {
    return (_, mode) -> Outputs.logit("click", mode.tape().use(z));
  }

  private static DenseParameter logits(Params params, double... z) {
    DenseParameter p =
        params.dense("z", Shape.of(z.length), Parameter.Role.WEIGHT, Initializers.zeros());
    p.write(z);
    return p;
  }

  private static double[] dense(Gradients gradients, DenseParameter p) {
    return gradients.of(p) instanceof Gradient.Dense(Tensor values)
        ? values.toDoubles()
        : new double[0];
  }

  @Test
  void theWorkedExample() {
    DenseParameter z = logits(params, .4, .1);
    DenseParameter said = logits(others, 1, -.5);
    Distilled both = new Distilled(saying(z), saying(said), device, .5, 2);
    try (Tape tape = Tape.recording(device)) {
      Outputs outputs = both.forward(BATCH, Mode.training(tape, 1, 1));
      Var loss = Naive.present(outputs.losses(), "distillation");
      assertThat(loss.value().item()).isCloseTo(.5 * 2.740431, within(5e-7));
      Gradients gradients = tape.backward(loss);
      assertThat(gradients.of(said)).isNull();
      double[] g = dense(gradients, z);
      // λ τ (σ(z/τ) − σ(z_teacher/τ)) / B
      double first = .5 * (ModelBench.sigmoid(.2) - ModelBench.sigmoid(.5));
      double second = .5 * (ModelBench.sigmoid(.05) - ModelBench.sigmoid(-.25));
      assertThat(g).containsExactly(new double[] {first, second}, within(1e-15));
    }
    try (Tape tape = Tape.evaluating(device)) {
      assertThat(both.forward(BATCH, Mode.evaluation(tape)).losses()).isEmpty();
    }
  }

  /// Whoever agrees with the teacher has nothing to learn from it.
  @Test
  void agreementHasNoGradient() {
    DenseParameter z = logits(params, 1.5, -.5);
    try (Tape tape = Tape.recording(device)) {
      Var loss = Distilled.loss(tape.use(z), new double[] {1.5, -.5}, 3);
      double[] g = dense(tape.backward(loss), z);
      assertThat(Arrays.stream(g).map(Math::abs).max().orElseThrow()).isLessThan(1e-15);
    }
  }

  @Test
  void whatCannotBeTaughtIsRefused() {
    DenseParameter z = logits(params, 1, 2);
    Model silent = (_, _) -> new Outputs(Map.of(), Map.of());
    Model number = (_, mode) -> Outputs.head("click", new Head.Value(mode.tape().use(z)));
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 1);
      assertThatThrownBy(() -> new Distilled(saying(z), silent, device, 1, 1).forward(BATCH, mode))
          .hasMessageContaining("none of click");
      assertThatThrownBy(() -> new Distilled(saying(z), number, device, 1, 1).forward(BATCH, mode))
          .hasMessageContaining("click is a number");
    }
    assertThatThrownBy(() -> new Distilled(silent, silent, device, 1, 0))
        .hasMessageContaining("temperature 0.0");
  }
}
