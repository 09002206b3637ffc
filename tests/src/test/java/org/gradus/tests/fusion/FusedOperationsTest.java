// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.fusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Lookup;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Gru;
import org.gradus.layers.Lstm;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Each fused operation equals its composition, values and gradients, on `reference` and on `cpu`.
///
/// Inputs, and what the result is multiplied by, lie in [−½, ½). Each side is off by at most n u M: n roundings on the way to a
/// result, of numbers whose magnitudes add up to M, u being half an ulp of 1. The two may differ by twice that. Where a composition cannot
/// be told by so much from the fused operation with a term missing, `reference` tells them apart: its u is 2⁻⁵³.
class FusedOperationsTest {
  private static final int WIDTH = 17; // a vector and a rest
  private static final int TIME = 4;
  private static final double EPSILON = 1e-3;

  private interface Operation {
    Var of(List<Var> inputs);
  }

  private record Pair(Operation fused, Operation composed) {}

  private interface Layer {
    Pair under(Params params);
  }

  /// A fused operation and its composition.
  ///
  /// @param roundings n
  /// @param magnitude M
  record Case(String name, List<Shape> inputs, int roundings, double magnitude, Layer layer) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case of(
      String name, List<Shape> inputs, int roundings, double magnitude, Pair pair) {
    return new Case(name, inputs, roundings, magnitude, _ -> pair);
  }

  static List<Case> cases() {
    Shape fields = Shape.of(7, 5, WIDTH);
    Shape rows = Shape.of(19, WIDTH);
    Shape vector = Shape.of(7, WIDTH);
    Shape sequence = Shape.of(5, TIME, 6);
    return List.of(
        // at most 33 products of halves, and a bias
        of(
            "bias and activation",
            List.of(Shape.of(7, 19), Shape.of(19, 33), Shape.of(33)),
            33 + 2,
            33 / 4.0 + 0.5,
            new Pair(
                in -> in.get(0).linear(in.get(1), in.get(2), Activation.RELU),
                in -> Compositions.linear(in.get(0), in.get(1), in.get(2)))),
        // (5/2)² + 5/4 for each of 17 numbers
        of(
            "pairs",
            List.of(fields),
            5 + WIDTH + 4,
            7.5 * WIDTH,
            new Pair(in -> in.get(0).pairwise(), in -> Compositions.pairwise(in.get(0)))),
        of(
            "dots",
            List.of(fields),
            WIDTH + 5,
            WIDTH / 4.0,
            new Pair(in -> in.get(0).dots(true, false), in -> Compositions.dots(in.get(0)))),
        // two elementary functions of 8 roundings; |z|, |z t|, ln 2 or their derivatives add up to
        // less than 3
        of(
            "cross-entropy",
            List.of(Shape.of(301)),
            2 * 8 + 6,
            3,
            new Pair(
                in -> in.get(0).crossEntropyWithLogits(targets(in.get(0))),
                in -> Compositions.crossEntropy(in.get(0), targets(in.get(0))))),
        // an exponential, a sum of 37 shares of at most 1, and a division whose derivative squares
        // it
        of(
            "softmax",
            List.of(Shape.of(7, 37)),
            2 * (8 + 37) + 6,
            3,
            new Pair(in -> in.get(0).softmax(), in -> Compositions.softmax(in.get(0)))),
        // 1/σ < 10, of which the derivative of a composition takes the cube times numbers below ½
        of(
            "layer norm",
            List.of(rows),
            4 * WIDTH + 16,
            250,
            new Pair(
                in -> in.get(0).layerNorm(EPSILON),
                in -> Compositions.standardized(in.get(0), 1, EPSILON))),
        of(
            "batch norm",
            List.of(rows),
            4 * 19 + 16,
            250,
            new Pair(
                in -> in.get(0).batchNorm(null, EPSILON).y(),
                in -> Compositions.standardized(in.get(0), 0, EPSILON))),
        // the gradient of a query adds up three parts of five steps
        of(
            "facing",
            List.of(fields, vector),
            3 * 5 + 4,
            3 * 5 / 2.0,
            new Pair(
                in -> in.get(0).facing(in.get(1)),
                in -> Compositions.facing(in.get(0), in.get(1)))),
        of(
            "weighted sum",
            List.of(Shape.of(7, 5), fields),
            WIDTH + 2,
            WIDTH / 4.0,
            new Pair(
                in -> in.get(0).weightedSum(in.get(1)),
                in -> Compositions.weightedSum(in.get(0), in.get(1)))),
        // a product of halves and a half; the gradients are products of two halves
        of(
            "cross",
            List.of(rows, rows, rows),
            2,
            0.75,
            new Pair(
                in -> in.get(0).cross(in.get(1), in.get(2)),
                in -> Compositions.cross(in.get(0), in.get(1), in.get(2)))),
        // the gradient of a factor adds up 17 products of halves
        of(
            "cross, one factor a row",
            List.of(rows, Shape.of(19, 1), rows),
            WIDTH + 2,
            WIDTH / 4.0,
            new Pair(
                in -> in.get(0).cross(in.get(1), in.get(2)),
                in -> Compositions.cross(in.get(0), in.get(1), in.get(2)))),
        // A step makes 17 + 6 products and five functions of 8 roundings, forward and backward. U
        // is orthogonal and gates have a
        // slope of at most ¼, so that a step hands an error on at most twofold: 2⁴. A gradient of
        // weights adds up 20 terms of halves.
        new Case(
            "GRU",
            List.of(sequence),
            2 * TIME * (WIDTH + 6 + 5 * 8),
            16 * 10,
            p -> {
              Gru gru = new Gru(6, WIDTH, Gru.Form.PYTORCH, p.at("gru"));
              return new Pair(
                  in -> gru.forward(in.get(0)).carried(),
                  in -> Compositions.gru(gru, in.get(0), WIDTH));
            }),
        new Case(
            "LSTM",
            List.of(sequence),
            2 * TIME * (WIDTH + 6 + 5 * 8),
            16 * 10,
            p -> {
              Lstm lstm = new Lstm(6, WIDTH, Lstm.BiasInit.ZERO_FORGET_ONE, p.at("lstm"));
              return new Pair(
                  in -> lstm.forward(in.get(0)).states().carried(),
                  in -> Compositions.lstm(lstm, in.get(0), WIDTH));
            }));
  }

  private static Tensor targets(Var z) {
    float[] t = numbers(9, z.shape());
    for (int i = 0; i < t.length; i++) {
      t[i] += 0.5f;
    }
    return z.tape().scope().upload(z.shape(), t);
  }

  /// In [−½, ½).
  private static float[] numbers(long key, Shape shape) {
    float[] values = new float[shape.elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Counter.uniform(key, i) - 0.5f;
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void onReference(Case c) {
    compare(c, "reference", 0x1p-53);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void onCpu(Case c) {
    compare(c, "cpu", 0x1p-24);
  }

  private static void compare(Case c, String name, double u) {
    try (Device device = Device.open(name);
        Params params = Params.create(device, 3)) {
      Pair pair = c.layer.under(params);
      Map<String, double[]> fused = results(c, pair.fused, params);
      Map<String, double[]> composed = results(c, pair.composed, params);
      assertThat(fused).hasSize(1 + c.inputs.size() + params.all().size());
      composed.forEach(
          (what, expected) ->
              agree(what, found(fused, what), expected, 2 * c.roundings * u * c.magnitude));
    }
  }

  private static double[] found(Map<String, double[]> all, String what) {
    return all.getOrDefault(what, new double[0]);
  }

  private static void agree(String what, double[] fused, double[] composed, double bound) {
    assertThat(fused).as(what).hasSameSizeAs(composed);
    boolean some = false;
    for (int i = 0; i < fused.length; i++) {
      assertThat(fused[i]).as("%s at %s", what, i).isCloseTo(composed[i], within(bound));
      some |= Math.abs(composed[i]) > bound;
    }
    assertThat(some).as("%s: a number larger than the bound %s", what, bound).isTrue();
  }

  /// The result and the gradients of inputs and parameters, by name.
  private static Map<String, double[]> results(Case c, Operation operation, Params params) {
    Map<String, double[]> results = new LinkedHashMap<>();
    try (Scope scope = new Scope(params.device());
        Tape tape = Tape.recording(params.device())) {
      List<Var> inputs = new ArrayList<>();
      for (int i = 0; i < c.inputs.size(); i++) {
        Shape shape = c.inputs.get(i);
        inputs.add(tape.variable(scope.upload(shape, numbers(i, shape))));
      }
      Var y = operation.of(inputs);
      results.put("y", y.value().toDoubles());
      Tensor seed = tape.scope().upload(y.shape(), numbers(99, y.shape()));
      Gradients gradients = tape.backward(y, seed);
      for (int i = 0; i < inputs.size(); i++) {
        Tensor gradient = gradients.of(inputs.get(i));
        if (gradient != null) {
          results.put("gradient of input " + i, gradient.toDoubles());
        }
      }
      for (Parameter p : params.all()) {
        if (p instanceof DenseParameter && gradients.of(p) instanceof Gradient.Dense dense) {
          results.put("gradient of " + p.path(), dense.values().toDoubles());
        }
      }
    }
    return results;
  }

  /// A bag of rows is a product with the number of times that each row is in it.
  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void bags(String name) {
    int rows = 9;
    int[] offsets = {0, 3, 3, 4, 9, 11};
    int[] ids = {1, 4, 1, 7, 0, 2, 3, 4, 4, 8, 2};
    Shape counted = Shape.of(offsets.length - 1, rows);
    float[] counts = new float[counted.elements()];
    for (int bag = 0; bag < offsets.length - 1; bag++) {
      for (int k = offsets[bag]; k < offsets[bag + 1]; k++) {
        counts[bag * rows + ids[k]]++;
      }
    }
    // at most eleven terms, below 1 each
    double bound = 2 * 12 * 11 * (name.equals("cpu") ? 0x1p-24 : 0x1p-53);
    try (Device device = Device.open(name);
        Params params = Params.create(device, 3);
        Scope scope = new Scope(device);
        Tape fused = Tape.recording(device);
        Tape composed = Tape.recording(device)) {
      TableParameter table =
          params.table("table", rows, WIDTH, TableParameter.NO_PADDING, Initializers.uniform(1));
      Shape shape = Shape.of(rows, WIDTH);
      double[] values = new double[shape.elements()];
      table.table().read(0, values);
      Var dense = composed.variable(scope.upload(shape, values));
      Var y = Lookup.bags(fused, List.of(new Lookup.Bag(table, Pooling.SUM)), ids, offsets, null);
      Var z = composed.constant(counted, counts).matmul(dense);
      agree("y", y.value().toDoubles(), z.value().toDoubles(), bound);
      float[] seed = numbers(99, y.shape());
      Gradient sparse = fused.backward(y, fused.scope().upload(y.shape(), seed)).of(table);
      Tensor expected = composed.backward(z, composed.scope().upload(z.shape(), seed)).of(dense);
      assertThat(sparse).isInstanceOf(Gradient.Rows.class);
      assertThat(expected).isNotNull();
      if (sparse instanceof Gradient.Rows found && expected != null) {
        double[] gradient = new double[shape.elements()];
        int[] row = found.rows().toInts();
        double[] sums = found.values().toDoubles();
        for (int r = 0; r < found.count(); r++) {
          System.arraycopy(sums, r * WIDTH, gradient, row[r] * WIDTH, WIDTH);
        }
        agree("gradient", gradient, expected.toDoubles(), bound);
      }
    }
  }
}
