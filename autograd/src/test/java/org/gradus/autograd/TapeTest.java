// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Objects;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TapeTest {
  private final Bench bench = new Bench();
  private final Params params = Params.create(bench.device, 1);

  @AfterEach
  void close() {
    params.close();
    bench.close();
  }

  @Test
  void walksOverOneTapeDoNotDisturbEachOther() {
    DenseParameter w = params.weight("w", Shape.of(2), Initializers.constant(3));
    Var v = bench.tape.use(w);
    Var first = v.square().sum();
    Var second = v.exp().sum().add(first);
    for (int i = 0; i < 2; i++) {
      assertThat(bench.tape.backward(first).of(w))
          .isInstanceOfSatisfying(
              Gradient.Dense.class, g -> assertThat(g.values().toDoubles()).containsExactly(6, 6));
      double both = 6 + Math.exp(3);
      assertThat(bench.tape.backward(second).of(w))
          .isInstanceOfSatisfying(
              Gradient.Dense.class,
              g ->
                  assertThat(g.values().toDoubles())
                      .containsExactly(both, both)); // addition commutes to the bit
    }
  }

  @Test
  void onlyWhatTheLossDependsOnHasAGradient() {
    DenseParameter used = params.weight("used", Shape.of(1), Initializers.constant(2));
    DenseParameter unused = params.weight("unused", Shape.of(1), Initializers.constant(2));
    DenseParameter frozen = params.weight("frozen", Shape.of(1), Initializers.constant(2));
    frozen.freeze(true);
    Tape tape = bench.tape;
    tape.use(unused).square();
    Gradients g = tape.backward(tape.use(used).multiply(tape.use(frozen)).sum());
    assertThat(g.parameters()).containsExactly(used);
    assertThat(g.of(unused)).isNull();
    assertThat(g.of(frozen)).isNull();
    Var constant = tape.constant(Shape.of(1), 1.0);
    assertThat(tape.backward(constant.sum()).parameters()).isEmpty();
  }

  @Test
  void aVariableOfAnotherTapeHasNoGradientHere() {
    Var x = bench.tape.variable(bench.tape.scope().upload(Shape.of(1), 2.0));
    Gradients gradients = bench.tape.backward(x.square().sum());
    try (Tape other = Tape.recording(bench.device)) {
      assertThat(gradients.of(other.variable(x.value()))).isNull();
      assertThat(gradients.of(other.constant(x.value()))).isNull();
    }
    assertThat(gradients.of(bench.tape.variable(x.value()))).isNull(); // younger than the walk
    assertThat(gradients.of(x))
        .isNotNull()
        .satisfies(g -> assertThat(g.toDoubles()).containsExactly(4));
  }

  @Test
  void countsWhatTheHostReads() {
    DenseParameter w = params.weight("w", Shape.of(2), Initializers.constant(3));
    TableParameter table = params.table("t", 4, 2, 0, Initializers.normal(1));
    bench.tape.host("the mean", Shape.of(1), List.of(w, table));
    assertThat(bench.tape.size()).isZero();
    assertThat(bench.tape.operations()).isEqualTo(2);
  }

  @Test
  void countsWhatIsComputedApart() {
    DenseParameter w = params.weight("w", Shape.of(2), Initializers.constant(3));
    Var x = bench.tape.use(w).square();
    try (Tape apart = bench.tape.apart()) {
      assertThat(apart.recording()).isFalse();
      assertThat(apart.use(w).exp().sum().value().toDoubles())
          .containsExactly(new double[] {2 * StrictMath.exp(3)}, offset(1e-12));
      apart.host("the mean", Shape.of(1), List.of(w));
    }
    assertThat(bench.tape.size()).isEqualTo(1);
    assertThat(bench.tape.operations()).isEqualTo(1 + 2 + 1);
    assertThat(bench.tape.backward(x.sum()).of(w)).isInstanceOf(Gradient.Dense.class);
  }

  @Test
  void aDeadValueNamesItsOperation() {
    Var late;
    try (Tape tape = Tape.recording(bench.device)) {
      late = tape.variable(tape.scope().upload(Shape.of(2), 1.0, 2.0)).sigmoid();
    }
    assertThatThrownBy(late::exp)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("exp: [2] in a closed scope. Expected a step that is still open.");
    assertThatThrownBy(late.value()::toDoubles)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "sigmoid: its result [2] is used after its scope was closed. Expected use inside the"
                + " step; take it out with keep() to use it later.");
  }

  @Test
  void aStepLeavesNothingBehind() {
    TableParameter table = params.table("t", 4, 2, 0, Initializers.normal(1));
    DenseParameter w = params.weight("w", Shape.of(2, 1), Initializers.normal(1));
    long before = bench.device.memory().live();
    long hits = 0;
    for (int step = 0; step < 3; step++) {
      hits = bench.device.memory().requests() - bench.device.memory().hits();
      try (Tape tape = Tape.recording(bench.device)) {
        Var x = Lookup.rows(tape, table, Shape.of(3), 1, 2, 1);
        Var loss = x.matmul(tape.use(w)).squeeze(1).softplus().mean();
        Gradients g = tape.backward(loss);
        assertThat(g.parameters()).containsExactlyInAnyOrder(table, w);
      }
      assertThat(bench.device.memory().live()).isEqualTo(before);
    }
    // The third step asked for the same sizes as the second, and the pool had them all.
    assertThat(bench.device.memory().requests() - bench.device.memory().hits()).isEqualTo(hits);
  }

  @Test
  void operandsShareATape() {
    try (Tape other = Tape.recording(bench.device)) {
      Var x = bench.var(1, 2);
      Var y = other.constant(Shape.of(2), 1.0, 2.0);
      assertThatThrownBy(() -> x.multiply(y))
          .hasMessage(
              "multiply: operand constant [2] on reference belongs to another tape. Expected"
                  + " operands of one tape.");
    }
    Tensor two = bench.var(1, 2).value();
    assertThatThrownBy(() -> bench.tape.backward(bench.tape.constant(two)))
        .hasMessage("backward: loss has shape [2]. Expected one number; sum or average it first.");
  }

  @Test
  void theGradientOfAResultIsAnErrorAndNotZero() {
    Var x = bench.var(1, 2);
    Var h = x.square();
    Gradients g = bench.tape.backward(h.sum());
    assertThat(g.of(x)).isNotNull();
    assertThat(g.of(bench.var(2, 2))).isNull();
    assertThatThrownBy(() -> g.of(h))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "gradients: square [2] on reference is the result of an operation. Expected a"
                + " parameter, or a value from Tape.variable.");
  }

  /// Derivatives may be written in place of an output's gradient, but not of what the caller seeds a walk with.
  @Test
  void aSeedIsNotOverwrittenWhileItIsRead() {
    Tape tape = bench.tape;
    Var x = tape.constant(Shape.of(1, 2), 3.0, -2.0);
    Var w = tape.variable(tape.scope().upload(Shape.of(2, 2), 0.5, 0.25, 1.0, 0.125));
    Var b = tape.constant(Shape.of(2), 0.0, 0.0);
    Var y = x.linear(w, b, Activation.TANH);
    Tensor dw = Objects.requireNonNull(tape.backward(y, x.value()).of(w));
    double first = 3 * (1 - Math.pow(Math.tanh(3 * 0.5 - 2), 2));
    double second = -2 * (1 - Math.pow(Math.tanh(3 * 0.25 - 2 * 0.125), 2));
    assertThat(dw.toDoubles())
        .containsExactly(
            new double[] {3 * first, 3 * second, -2 * first, -2 * second}, offset(1e-12));
  }

  @Test
  void aClosedTapeWalksNowhere() {
    Tape tape = Tape.recording(bench.device);
    Var x = tape.variable(tape.scope().upload(Shape.of(1), 2.0));
    Var y = x.square().sum();
    tape.close();
    assertThatThrownBy(() -> tape.backward(y))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed scope");
  }
}
