// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.xdeepfm;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.xdeepfm.Cin.Connect;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CinTest {
  private static final int BATCH = 33;
  private static final int FIELDS = 3;
  private static final int DIM = 4;
  private static final List<Integer> MAPS = List.of(8, 6);
  private static final int ALL = BATCH * DIM * FIELDS * (8 + 6); // products of the whole batch

  private static double[] numbers() {
    double[] x = new double[BATCH * FIELDS * DIM];
    for (int i = 0; i < x.length; i++) {
      x[i] = 2 * Counter.uniform53(5, i) - 1;
    }
    return x;
  }

  private static Cin cin(int rank, int products, Params params) {
    var config = new Cin.Config(MAPS, Connect.SPLIT_HALF, Activation.TANH, true, rank);
    return new Cin(FIELDS, config, products, params.at("cin"));
  }

  /// p⁺ and the gradients of Σ p⁺² with respect to embeddings and weights.
  private static Map<String, double[]> step(int rank, int products) {
    Map<String, double[]> found = new TreeMap<>();
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 7);
        Tape tape = Tape.recording(device)) {
      Cin cin = cin(rank, products, params);
      Var e = tape.variable(tape.scope().upload(Shape.of(BATCH, FIELDS, DIM), numbers()));
      Var p = cin.forward(e, Mode.training(tape, 1, 1));
      found.put("p", p.value().toDoubles());
      Gradients g = tape.backward(p.multiply(p).sum());
      found.put("e", requireNonNull(g.of(e)).toDoubles());
      g.parameters()
          .forEach(
              w -> {
                if (g.of(w) instanceof Gradient.Dense dense) {
                  found.put(w.path(), dense.values().toDoubles());
                }
              });
    }
    return found;
  }

  /// Parts of one example, of two (and a last one of one), and one part.
  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void partsOfABatchGiveWhatTheWholeGives(int rank) {
    Map<String, double[]> whole = step(rank, ALL);
    assertThat(whole).hasSize(rank == 0 ? 6 : 8); // p, e, and of both layers beta and w, or u and v
    for (int products : new int[] {1, 2 * ALL / BATCH}) {
      Map<String, double[]> parts = step(rank, products);
      assertThat(parts.keySet()).isEqualTo(whole.keySet());
      parts.forEach((name, values) -> assertClose(values, requireNonNull(whole.get(name)), EXACT));
    }
  }

  /// The most that is held at a time, in training and in evaluation.
  @Test
  void partsNeedLessMemoryThanTheProductsOfTheBatch() {
    for (boolean training : new boolean[] {true, false}) {
      try (Device device = Device.open("reference");
          Params params = Params.create(device, 7);
          Tape tape = training ? Tape.recording(device) : Tape.evaluating(device)) {
        Cin cin = cin(0, 2 * ALL / BATCH, params);
        Var e = tape.variable(tape.scope().upload(Shape.of(BATCH, FIELDS, DIM), numbers()));
        Mode mode = training ? Mode.training(tape, 1, 1) : Mode.evaluation(tape);
        Var p = cin.forward(e, mode);
        if (training) {
          tape.backward(p.multiply(p).sum());
        }
        assertThat(device.memory().peak()).isLessThan(8L * ALL);
      }
    }
  }

  /// With as many products at a time as in use: of five examples two, two and one. No more is held than two have, their weights and
  /// what comes out.
  @Test
  void atItsOwnSizeItWorksInPartsToo() {
    int batch = 5;
    int fields = 8;
    int dim = 16;
    int maps = Cin.PRODUCTS / (2 * fields * dim);
    double[] x = new double[batch * fields * dim];
    for (int i = 0; i < x.length; i++) {
      x[i] = 2 * Counter.uniform53(6, i) - 1;
    }
    var config = new Cin.Config(List.of(maps), Connect.DIRECT, Activation.IDENTITY, false, 0);
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 7);
        Tape tape = Tape.evaluating(device)) {
      Cin cin = new Cin(fields, config, params.at("cin"));
      Var e = tape.constant(Shape.of(batch, fields, dim), x);
      double[] found = cin.forward(e, Mode.evaluation(tape)).value().toDoubles();
      assertThat(device.memory().peak()).isLessThan(8L * 2 * Cin.PRODUCTS);
      double[] w = ((DenseParameter) params.get("cin/0/w")).value().toDoubles();
      double[] expected = new double[batch * maps];
      for (int b = 0; b < batch; b++) { // (CIN-1) to (CIN-3)
        for (int i = 0; i < fields; i++) {
          for (int j = 0; j < fields; j++) {
            double z = 0;
            for (int d = 0; d < dim; d++) {
              z += x[(b * fields + i) * dim + d] * x[(b * fields + j) * dim + d];
            }
            for (int h = 0; h < maps; h++) {
              expected[b * maps + h] += w[(i * fields + j) * maps + h] * z;
            }
          }
        }
      }
      assertClose(found, expected, EXACT);
    }
  }
}
