// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.snippets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// The right-hand column of `docs/idioms.md`. Each line is checked against numbers worked out by hand.
class IdiomsTest {
  private static double[] numbers(Var x) {
    return x.value().toDoubles();
  }

  @Test
  void making() {
    try (Device device = Device.open("reference");
        Scope scope = new Scope(device);
        Tape tape = Tape.recording(device)) {
      Tensor t = scope.upload(Shape.of(2, 3), 1f, 2f, 3f, 4f, 5f, 6f);
      Tensor ids = scope.upload(Shape.of(2), 3, 1);
      Var x = tape.constant(t);
      Var zeros = tape.constant(Shape.of(2, 3), new double[2 * 3]);
      float[] host = x.value().toFloats();
      Shape shape = x.shape();
      int rows = x.size(0);
      int columns = x.size(-1);

      assertThat(host).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(numbers(zeros)).containsOnly(0).hasSize(6);
      assertThat(shape).isEqualTo(Shape.of(2, 3));
      assertThat(rows).isEqualTo(2);
      assertThat(columns).isEqualTo(3);
      assertThat(ids.toInts()).containsExactly(3, 1);
    }
  }

  @Test
  void arithmetic() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var x = tape.constant(Shape.of(2, 3), 1.0, -2, 3, 4, -5, 6);
      Var bias = tape.constant(Shape.of(3), 10.0, 20, 30);
      Tensor mask = tape.scope().upload(Shape.of(2, 3), true, false, true, true, false, true);
      Var sum = x.add(bias);
      Var scaled = x.multiply(2).add(1);
      Var larger = x.max(bias);
      Var chosen = x.where(mask, bias);
      Var masked = x.keepWhere(mask);
      Var inside = x.clip(-1, 1);
      Var gate = x.sigmoid();

      assertThat(numbers(sum)).containsExactly(11, 18, 33, 14, 15, 36);
      assertThat(numbers(scaled)).containsExactly(3, -3, 7, 9, -9, 13);
      assertThat(numbers(larger)).containsExactly(10, 20, 30, 10, 20, 30);
      assertThat(numbers(chosen)).containsExactly(1, 20, 3, 4, 20, 6);
      assertThat(numbers(masked)).containsExactly(1, 0, 3, 4, 0, 6);
      assertThat(numbers(inside)).containsExactly(1, -1, 1, 1, -1, 1);
      assertThat(numbers(gate)[0]).isEqualTo(1 / (1 + StrictMath.exp(-1)));
    }
  }

  @Test
  void shapes() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var x = tape.constant(Shape.of(2, 3, 4), new double[24]);
      Var y = tape.constant(Shape.of(2, 3, 4), new double[24]);
      Var any = x.reshape(2, -1);
      Var flat = x.flatten(1);
      Var last = x.unsqueeze(-1);
      Var back = last.squeeze(-1);
      Var turned = x.transpose();
      Var axes = x.permute(2, 0, 1);
      Var part = x.slice(1, 0, 2);
      Var one = x.index(1, -1);
      Var wide = Var.concat(1, List.of(x, y));
      Var stacked = Var.stack(0, List.of(x, y));
      List<Var> parts = x.split(2, 1, 3);
      Var repeated = one.unsqueeze(1).expand(Shape.of(2, 5, 4));
      Var tiled = x.tile(1, 2, 1);

      assertThat(any.shape()).isEqualTo(Shape.of(2, 12)).isEqualTo(flat.shape());
      assertThat(last.shape()).isEqualTo(Shape.of(2, 3, 4, 1));
      assertThat(back.shape()).isEqualTo(x.shape());
      assertThat(turned.shape()).isEqualTo(Shape.of(2, 4, 3));
      assertThat(axes.shape()).isEqualTo(Shape.of(4, 2, 3));
      assertThat(part.shape()).isEqualTo(Shape.of(2, 2, 4));
      assertThat(one.shape()).isEqualTo(Shape.of(2, 4));
      assertThat(wide.shape()).isEqualTo(Shape.of(2, 6, 4)).isEqualTo(tiled.shape());
      assertThat(stacked.shape()).isEqualTo(Shape.of(2, 2, 3, 4));
      assertThat(parts.get(1).shape()).isEqualTo(Shape.of(2, 3, 3));
      assertThat(repeated.shape()).isEqualTo(Shape.of(2, 5, 4));
    }
  }

  @Test
  void reductionsAndProducts() {
    try (Device device = Device.open("reference");
        Tape tape = Tape.recording(device)) {
      Var x = tape.constant(Shape.of(2, 3), 1.0, 2, 3, 4, 5, 6);
      Var w = tape.constant(Shape.of(3, 2), 1.0, 0, 0, 1, 1, 1);
      Var b = tape.constant(Shape.of(2), 1.0, -20);
      Tensor mask = tape.scope().upload(Shape.of(2, 3), true, true, false, true, false, false);
      Var total = x.sum();
      Var perRow = x.sum(-1, true);
      Var mean = x.mean(0);
      Var top = x.max(1);
      Var overReal = x.maskedMean(mask);
      Var product = x.matmul(w);
      Var gram = x.matmul(x, false, true);
      Var layer = x.linear(w, b, Activation.RELU);
      Var attention = x.softmax(mask);
      Var lse = x.logSumExp();
      double number = total.value().item();

      assertThat(number).isEqualTo(21);
      assertThat(numbers(perRow)).containsExactly(6, 15);
      assertThat(numbers(mean)).containsExactly(2.5, 3.5, 4.5);
      assertThat(numbers(top)).containsExactly(3, 6);
      assertThat(numbers(overReal)[0]).isEqualTo((1 + 2 + 4) / 3.0);
      assertThat(numbers(product)).containsExactly(4, 5, 10, 11);
      assertThat(numbers(gram)).containsExactly(14, 32, 32, 77);
      assertThat(numbers(layer)).containsExactly(5, 0, 11, 0);
      assertThat(numbers(attention)[2]).isZero();
      assertThat(numbers(attention)[3]).isEqualTo(1);
      assertThat(lse.shape()).isEqualTo(Shape.of(2));
    }
  }

  @Test
  void lookups() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 7);
        Tape tape = Tape.recording(device)) {
      TableParameter table = params.table("item", 6, 2, 0, Initializers.constant(1));
      Tensor lists = tape.scope().upload(Shape.of(3), 0, 2, 3);
      Var e = Lookup.rows(tape, table, Shape.of(1, 3), 4, 5, 0);
      Var bags =
          Lookup.bags(
              tape,
              List.of(new Lookup.Bag(table, Pooling.SUM)),
              new int[] {4, 5, 2},
              new int[] {0, 2, 3},
              null);
      Var x = tape.constant(Shape.of(3, 2), 1.0, 2, 3, 4, 5, 6);
      Tensor ids = tape.scope().upload(Shape.of(2), 2, 0);
      Tensor labels = tape.scope().upload(Shape.of(3), 1, 0, 1);
      Var rows = x.gather(0, ids);
      Var picked = x.pick(labels);
      Var pooled = x.pool(lists, Pooling.MEAN);
      Var padded = x.pad(lists, 2);
      Tensor real = Masks.sequenceMask(tape.scope(), new int[] {2, 1}, 2);
      Tensor causal = Masks.band(tape.scope(), 3, 3, -1, 0);

      assertThat(numbers(e)).containsExactly(1, 1, 1, 1, 0, 0);
      assertThat(numbers(bags)).containsExactly(2, 2, 1, 1);
      assertThat(numbers(rows)).containsExactly(5, 6, 1, 2);
      assertThat(numbers(picked)).containsExactly(2, 3, 6);
      assertThat(numbers(pooled)).containsExactly(2, 3, 5, 6);
      assertThat(numbers(padded)).containsExactly(1, 2, 3, 4, 5, 6, 0, 0);
      assertThat(real.toBooleans()).containsExactly(true, true, true, false);
      assertThat(causal.toBooleans())
          .containsExactly(true, false, false, true, true, false, true, true, true);
    }
  }

  @Test
  void training() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 7)) {
      DenseParameter w = params.weight("w", Shape.of(2, 1), Initializers.constant(0.5));
      Linear layer = new Linear(2, 3, params.at("layer"));
      params.freeze("layer/*");
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, 1);
        Var x = tape.constant(Shape.of(2, 2), 1.0, 2, 3, 4);
        Tensor labels = tape.scope().upload(Shape.of(2), 1.0, 0);
        Var z = x.matmul(tape.use(w)).squeeze(1);
        Var loss = z.crossEntropyWithLogits(labels).mean();
        Gradients gradients = tape.backward(loss);
        Var stopped = z.stopGradient();
        Var dropped = z.dropout(0.5, mode.draw("z"));
        Var h = tape.checkpoint(mode, List.of(x), (_, in) -> layer.forward(in.get(0)).relu());

        // ∂/∂w of the mean over (σ(z) − y) x, with z = 1.5 and 3.5
        double first = 1 / (1 + StrictMath.exp(-1.5)) - 1;
        double second = 1 / (1 + StrictMath.exp(-3.5));
        var g = (Gradient.Dense) Objects.requireNonNull(gradients.of(w));
        assertThat(g.values().toDoubles()[0]).isCloseTo((first + 3 * second) / 2, within(1e-14));
        assertThat(stopped.needsGradient()).isFalse();
        assertThat(dropped.shape()).isEqualTo(z.shape());
        assertThat(numbers(h)).isEqualTo(numbers(layer.forward(x).relu()));
      }
      try (Tape tape = Tape.evaluating(device)) {
        Var x = tape.constant(Shape.of(1, 2), 1.0, 2);
        assertThat(layer.forward(x).needsGradient()).isFalse();
      }
    }
  }
}
