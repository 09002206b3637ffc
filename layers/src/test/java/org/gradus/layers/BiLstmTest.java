// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Var;
import org.gradus.layers.BiLstm.Config;
import org.gradus.layers.BiLstm.Merge;
import org.gradus.layers.BiLstm.Stacking;
import org.gradus.layers.Lstm.BiasInit;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BiLstmTest {
  private static final int B = 4;
  private static final int T = 3;
  private static final int H = 2;
  private static final int[] LENGTHS = {2, 0, T, 1};

  /// The specification's steps, and padding.
  private static final double[] STEPS = {1, 0.5, -0.5, 1, 0.25, -1, 0, 0};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// The FILL sequence of one LSTM, from n on.
  private void fill(String path, int n) {
    double[] weight = new double[16];
    double[] recurrent = new double[16];
    for (int gate = 0; gate < 4; gate++) {
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
          weight[i * 8 + gate * 2 + j] = GruTest.fill(n + gate * 4 + i * 2 + j);
          recurrent[i * 8 + gate * 2 + j] = GruTest.fill(n + 16 + gate * 4 + i * 2 + j);
        }
      }
    }
    double[] bias = new double[8];
    Arrays.setAll(bias, j -> GruTest.fill(n + 32 + j));
    bench.set(path + "/weight", weight);
    bench.set(path + "/recurrent", recurrent);
    bench.set(path + "/bias", bias);
  }

  private BiStates worked(Merge merge) {
    BiLstm layer = new BiLstm(2, 2, Config.single(merge, Lstm.Config.PLAIN), bench.params);
    fill("0/forward", 0);
    fill("0/backward", 40);
    Var x = bench.variable(Shape.of(1, 4, 2), STEPS);
    return layer.forward(x, bench.lengths(3), bench.evaluation);
  }

  @Test
  void theWorkedExample() {
    BiStates states = worked(Merge.NONE);
    assertClose(
        numbers(states.forward()),
        new double[] {-0.086935, -0.050200, -0.044689, 0.040643, -0.194418, 0.087301, 0, 0},
        SIX_DECIMALS);
    assertClose(
        numbers(states.backward()),
        new double[] {0.107083, -0.012729, 0.030791, -0.007520, 0.180285, -0.127880, 0, 0},
        SIX_DECIMALS);
    assertThatThrownBy(states::merged).hasMessageContaining("Expected another merge");
  }

  @ParameterizedTest
  @CsvSource({
    "SUM, 0.020147, -0.062929",
    "AVERAGE, 0.010074, -0.031464",
    "MULTIPLY, -0.009309, 0.000639",
    "FORWARD, -0.086935, -0.050200",
    "BACKWARD, 0.107083, -0.012729"
  })
  void theWorkedExampleMerged(Merge merge, double a, double b) {
    double[] merged = numbers(worked(merge).merged());
    assertClose(Bench.row(merged, 0, 2), new double[] {a, b}, SIX_DECIMALS);
    assertThat(Bench.row(merged, 3, 2)).containsOnly(0);
  }

  /// A row that is turned around with its padding: the specification's wrong number, and ours is not it.
  @Test
  void theBackwardDirectionDoesNotReadPaddingFirst() {
    BiStates states = worked(Merge.BACKWARD);
    double[][] padded = NaiveCells.reversed(NaiveCells.rows(STEPS, 2));
    double[][] wrong =
        NaiveCells.lstm(
            NaiveCells.rows(bench.get("0/backward/weight"), 8),
            NaiveCells.rows(bench.get("0/backward/recurrent"), 8),
            bench.get("0/backward/bias"),
            padded);
    assertClose(wrong[3], new double[] {0.110882, -0.017208}, SIX_DECIMALS);
    assertThat(Math.abs(numbers(states.merged())[0] - wrong[3][0])).isGreaterThan(1e-3);
  }

  private static Config config(int layers, int residual, Merge merge, Stacking stacking) {
    return new Config(layers, residual, merge, stacking, Lstm.Config.PLAIN);
  }

  /// Layers, residual layers, stackings and all lengths against loops over one row.
  @ParameterizedTest
  @CsvSource({
    "1, 0, INDEPENDENT", "1, 1, INDEPENDENT", "2, 0, INDEPENDENT", "2, 1, INDEPENDENT",
    "2, 2, MERGED", "3, 2, INDEPENDENT", "2, 0, MERGED", "3, 1, MERGED"
  })
  void layersAreTheirEquations(int layers, int residual, Stacking stacking) {
    BiLstm layer = new BiLstm(H, H, config(layers, residual, Merge.CONCAT, stacking), bench.params);
    double[] x = normal(1, B * T * H);
    BiStates states =
        layer.forward(bench.variable(Shape.of(B, T, H), x), bench.lengths(LENGTHS), bench.training);
    double[] merged = numbers(states.merged());
    double[] last = numbers(states.mergedLast());
    for (int b = 0; b < B; b++) {
      int n = LENGTHS[b];
      double[][] f = NaiveCells.rows(Arrays.copyOfRange(x, b * T * H, (b * T + n) * H), H);
      double[][] r = f;
      for (int l = 0; l < layers; l++) {
        boolean both = l > 0 && stacking == Stacking.MERGED;
        double[][] fw = naive(l + "/forward", both ? joined(f, r) : f);
        double[][] bw =
            NaiveCells.reversed(
                naive(l + "/backward", NaiveCells.reversed(both ? joined(f, r) : r)));
        boolean adds = l >= layers - residual;
        f = adds ? sum(fw, f) : fw;
        r = adds ? sum(bw, r) : bw;
      }
      for (int t = 0; t < T; t++) {
        double[] expected = t < n ? join(f[t], r[t]) : new double[2 * H];
        assertClose(Bench.row(merged, b * T + t, 2 * H), expected, EXACT);
      }
      double[] ends = n == 0 ? new double[2 * H] : join(f[n - 1], r[0]);
      assertClose(Bench.row(last, b, 2 * H), ends, EXACT);
    }
  }

  private double[][] naive(String path, double[][] x) {
    return NaiveCells.lstm(
        NaiveCells.rows(bench.get(path + "/weight"), 4 * H),
        NaiveCells.rows(bench.get(path + "/recurrent"), 4 * H),
        bench.get(path + "/bias"),
        x);
  }

  private static double[] join(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static double[][] joined(double[][] a, double[][] b) {
    double[][] all = new double[a.length][];
    Arrays.setAll(all, t -> join(a[t], b[t]));
    return all;
  }

  private static double[][] sum(double[][] a, double[][] b) {
    double[][] all = new double[a.length][];
    Arrays.setAll(all, t -> NaiveCells.plus(a[t], b[t]));
    return all;
  }

  /// Parameters exchanged and rows turned around: the directions change roles, turned around.
  @ParameterizedTest
  @EnumSource(Stacking.class)
  void turnedAroundTheDirectionsChangeRoles(Stacking stacking) {
    BiLstm one = new BiLstm(H, H, config(2, 1, Merge.NONE, stacking), bench.params.at("one"));
    BiLstm other = new BiLstm(H, H, config(2, 1, Merge.NONE, stacking), bench.params.at("other"));
    boolean merged = stacking == Stacking.MERGED;
    for (int l = 0; l < 2; l++) {
      for (String[] d : new String[][] {{"forward", "backward"}, {"backward", "forward"}}) {
        for (String name : new String[] {"weight", "recurrent", "bias"}) {
          double[] values = bench.get("one/" + l + "/" + d[0] + "/" + name);
          if (merged && l == 1 && name.equals("weight")) { // it reads [R, F] where it read [F, R]
            double[] turned = values.clone();
            int half = values.length / 2;
            System.arraycopy(values, half, turned, 0, half);
            System.arraycopy(values, 0, turned, half, half);
            values = turned;
          }
          bench.set("other/" + l + "/" + d[1] + "/" + name, values);
        }
      }
    }
    double[] x = normal(1, B * T * H);
    double[] turned = turned(x);
    Tensor lengths = bench.lengths(LENGTHS);
    BiStates a = one.forward(bench.variable(Shape.of(B, T, H), x), lengths, bench.evaluation);
    BiStates b =
        other.forward(bench.variable(Shape.of(B, T, H), turned), lengths, bench.evaluation);
    assertClose(numbers(b.forward()), turned(numbers(a.backward())), EXACT);
    assertClose(numbers(b.backward()), turned(numbers(a.forward())), EXACT);
  }

  private static double[] turned(double[] x) {
    double[] y = x.clone();
    for (int b = 0; b < B; b++) {
      for (int t = 0; t < LENGTHS[b]; t++) {
        System.arraycopy(x, (b * T + t) * H, y, (b * T + LENGTHS[b] - 1 - t) * H, H);
      }
    }
    return y;
  }

  @Test
  void theForwardDirectionIsAnLstmAndADeafBackwardDirectionAddsNothing() {
    BiLstm layer =
        new BiLstm(H, H, Config.single(Merge.SUM, Lstm.Config.PLAIN), bench.params.at("bi"));
    for (String name : new String[] {"weight", "recurrent", "bias"}) {
      bench.set("bi/0/backward/" + name, new double[bench.get("bi/0/backward/" + name).length]);
    }
    Lstm lstm = new Lstm(H, H, BiasInit.ZERO, bench.params.at("plain"));
    for (String name : new String[] {"weight", "recurrent", "bias"}) {
      bench.set("plain/" + name, bench.get("bi/0/forward/" + name));
    }
    Var x = bench.variable(Shape.of(B, T, H), normal(1, B * T * H));
    BiStates states = layer.forward(x, null, bench.evaluation);
    double[] expected = numbers(lstm.forward(x).states().carried());
    assertThat(numbers(states.forward())).isEqualTo(expected);
    assertThat(numbers(states.merged())).isEqualTo(expected);
    assertThat(numbers(states.mergedLast())).isEqualTo(numbers(lstm.forward(x).states().last()));
  }

  /// (BI-4) of the same two directions.
  @Test
  void mergesSayTheSameOfTheTwoDirections() {
    BiLstm layer = new BiLstm(H, H, config(2, 1, Merge.NONE, Stacking.MERGED), bench.params);
    BiStates s =
        layer.forward(
            bench.variable(Shape.of(B, T, H), normal(1, B * T * H)),
            bench.lengths(LENGTHS),
            bench.evaluation);
    double[] f = numbers(s.forward());
    double[] r = numbers(s.backward());
    double[] sum = merged(s, Merge.SUM);
    double[] average = merged(s, Merge.AVERAGE);
    double[] product = merged(s, Merge.MULTIPLY);
    double[] both = merged(s, Merge.CONCAT);
    for (int i = 0; i < f.length; i++) {
      assertThat(sum[i]).isEqualTo(f[i] + r[i]).isEqualTo(2 * average[i]);
      assertThat(product[i]).isEqualTo(f[i] * r[i]);
      assertThat(both[i / H * 2 * H + i % H]).isEqualTo(f[i]);
      assertThat(both[i / H * 2 * H + H + i % H]).isEqualTo(r[i]);
    }
    assertThat(merged(s, Merge.FORWARD)).isEqualTo(f);
    assertThat(merged(s, Merge.BACKWARD)).isEqualTo(r);
  }

  private static double[] merged(BiStates s, Merge merge) {
    return numbers(new BiStates(s.forward(), s.backward(), s.last(), s.lengths(), merge).merged());
  }

  /// State and cell in which each direction ends, forward at a row's last real step and backward at its first: those of an LSTM that
  /// reads the row by itself, from one end or from the other.
  @Test
  void eachDirectionEndsWhereItHasReadTheRow() {
    BiLstm layer =
        new BiLstm(H, H, Config.single(Merge.SUM, Lstm.Config.PLAIN), bench.params.at("bi"));
    Lstm[] plain = new Lstm[2];
    String[] names = {"forward", "backward"};
    for (int d = 0; d < 2; d++) {
      plain[d] = new Lstm(H, H, BiasInit.ZERO, bench.params.at(names[d]));
      for (String p : new String[] {"weight", "recurrent", "bias"}) {
        bench.set(names[d] + "/" + p, bench.get("bi/0/" + names[d] + "/" + p));
      }
    }
    double[] x = normal(1, B * T * H);
    Var steps = bench.variable(Shape.of(B, T, H), x);
    BiStates states = layer.forward(steps, bench.lengths(LENGTHS), bench.evaluation);
    assertThat(states.last()).hasSize(2);
    for (int d = 0; d < 2; d++) {
      double[] read = d == 0 ? x : turned(x);
      for (int b = 0; b < B; b++) {
        int n = LENGTHS[b];
        double[] h = new double[H];
        double[] c = new double[H];
        if (n > 0) {
          double[] row = Arrays.copyOfRange(read, b * T * H, (b * T + n) * H);
          Lstm.Found found = plain[d].forward(bench.variable(Shape.of(1, n, H), row));
          h = numbers(found.states().last());
          c = numbers(found.lastCell());
        }
        assertClose(Bench.row(numbers(states.last().get(d).h()), b, H), h, EXACT);
        assertClose(Bench.row(numbers(states.last().get(d).c()), b, H), c, EXACT);
      }
    }
  }

  /// Peepholes and dropout of inputs and states in both directions of both layers.
  @ParameterizedTest
  @EnumSource(Stacking.class)
  void gradientsOfItsCellsAreRight(Stacking stacking) {
    Lstm.Config cell = Lstm.Config.PLAIN.withPeephole(true).withDropout(0.3, 0.3);
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(3, 3, H)),
        params -> {
          BiLstm layer = new BiLstm(H, H, new Config(2, 1, Merge.AVERAGE, stacking, cell), params);
          return (mode, in) -> {
            Tensor lengths = mode.tape().scope().upload(Shape.of(3), 3, 1, 2);
            BiStates states = layer.forward(in.get("x"), lengths, mode);
            return Map.of(
                "all", states.merged(),
                "cells", states.last().getFirst().c().add(states.last().getLast().c()));
          };
        },
        // A wrong sign of one component can meet padding, or a number that is dropped.
        m -> m.kind() == Mutation.Kind.COMPONENT);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, CONCAT, INDEPENDENT",
    "2, 1, AVERAGE, INDEPENDENT",
    "2, 2, SUM, MERGED",
    "1, 1, MULTIPLY, INDEPENDENT"
  })
  void gradientsAreRightAndMutantsFail(int layers, int residual, Merge merge, Stacking stacking) {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(3, 3, H)),
        params -> {
          BiLstm layer = new BiLstm(H, H, config(layers, residual, merge, stacking), params);
          return (mode, in) -> {
            Tensor lengths = mode.tape().scope().upload(Shape.of(3), 3, 0, 2);
            BiStates states = layer.forward(in.get("x"), lengths, mode);
            return Map.of("all", states.merged(), "last", states.mergedLast());
          };
        },
        // A wrong sign of one component can meet padding.
        m -> m.kind() == Mutation.Kind.COMPONENT);
  }

  @Test
  void aResidualLayerThatChangesTheWidthIsRefused() {
    assertThatThrownBy(
            () ->
                new BiLstm(
                    3, 2, config(2, 2, Merge.SUM, Stacking.INDEPENDENT), bench.params.at("r")))
        .hasMessage(
            "r: the first layer is residual, and reads 3 numbers where its states have 2. Expected"
                + " as many, or fewer residual layers.");
    assertThatThrownBy(() -> config(1, 2, Merge.SUM, Stacking.INDEPENDENT))
        .hasMessageContaining("Expected at least 1, and 0 to as many.");
    BiLstm fits = new BiLstm(3, 2, config(2, 1, Merge.CONCAT, Stacking.MERGED), bench.params);
    assertThat(fits.out()).isEqualTo(4);
  }
}
