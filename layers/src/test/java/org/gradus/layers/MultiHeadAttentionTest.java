// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.filled;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.layers.MultiHeadAttention.Config;
import org.gradus.layers.MultiHeadAttention.Projected;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.layers.MultiHeadAttention.Split;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Attention: examples worked by hand, its equations as loops, and what must not matter.
class MultiHeadAttentionTest {
  private static final List<String> MATRICES = List.of("query", "key", "value", "out");

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// One head whose four matrices are the identity: scaled dot-product attention.
  private MultiHeadAttention plain(String name, int width, int heads, Split split) {
    MultiHeadAttention attention =
        new MultiHeadAttention(width, heads, Config.PAPER.with(split), bench.params.at(name));
    double[] one = new double[width * width];
    for (int i = 0; i < width; i++) {
      one[i * width + i] = 1;
    }
    MATRICES.forEach(m -> bench.set(name + "/" + m + "/weight", one));
    return attention;
  }

  /// A layer with matrices of N(0, 0.5²).
  private MultiHeadAttention drawn(String name, int width, int heads, Config config) {
    MultiHeadAttention attention =
        new MultiHeadAttention(width, heads, config, bench.params.at(name));
    for (int m = 0; m < 4; m++) {
      String path = name + "/" + MATRICES.get(m) + "/";
      int n = bench.get(path + "weight").length;
      bench.set(path + "weight", halved(normal(7 + m, n)));
      if (config.bias()) {
        bench.set(path + "bias", halved(normal(70 + m, width)));
      }
    }
    return attention;
  }

  private static double[] halved(double[] x) {
    return Arrays.stream(x).map(v -> v / 2).toArray();
  }

  private Tensor mask(Shape shape, int... real) {
    boolean[] m = new boolean[real.length];
    for (int i = 0; i < m.length; i++) {
      m[i] = real[i] == 1;
    }
    return bench.tape.scope().upload(shape, m);
  }

  private Var self(MultiHeadAttention attention, Var x, @Nullable Tensor mask) {
    return attention.forward(x, x, x, mask, bench.training);
  }

  // Worked examples

  @Test
  void scaledDotProduct() {
    MultiHeadAttention attention = plain("plain", 2, 1, Split.FEATURES);
    Var q = bench.variable(Shape.of(1, 3, 2), 1, 0, 0, 1, 1, 1);
    Var k = bench.variable(Shape.of(1, 3, 2), 1, 0, 1, 1, 0, -1);
    Var v = bench.variable(Shape.of(1, 3, 2), 1, 2, 3, 4, 5, 6);
    Projected to = attention.project(k, v);
    int[][] masks = {
      {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 0, 0, 1, 1, 0, 1, 1, 1}, {1, 0, 0, 1, 1, 0, 1, 1, 0}
    };
    double[][] weights = {
      {.401112, .401112, .197776, .283995, .575975, .140029, .305695, .619985, .074320},
      {1, 0, 0, .330238, .669762, 0, .305695, .619985, .074320},
      {1, 0, 0, .330238, .669762, 0, .330238, .669762, 0}
    };
    double[][] outputs = {
      {2.593327, 3.593327, 2.712068, 3.712068, 2.537249, 3.537249},
      {1, 2, 2.339523, 3.339523, 2.537249, 3.537249},
      {1, 2, 2.339523, 3.339523, 2.339523, 3.339523}
    };
    for (int m = 0; m < 3; m++) {
      Tensor mask = mask(Shape.of(1, 3, 3), masks[m]);
      assertClose(numbers(attention.weights(q, to, mask)), weights[m], SIX_DECIMALS);
      assertClose(
          numbers(attention.attend(q, to, mask, bench.evaluation)), outputs[m], SIX_DECIMALS);
    }
    assertClose(
        numbers(attention.forward(q, k, v, null, bench.evaluation)), outputs[0], SIX_DECIMALS);
  }

  /// Two heads of width 2, three positions, the last one padding.
  @ParameterizedTest
  @EnumSource
  void twoHeads(Scale scale) {
    MultiHeadAttention attention =
        new MultiHeadAttention(4, 2, Config.PAPER.with(scale), bench.params);
    for (int m = 0; m < 4; m++) {
      bench.set(MATRICES.get(m) + "/weight", filled(16 * m, 16));
    }
    Var x = bench.variable(Shape.of(1, 3, 4), .5, -.2, .1, .3, -.1, .4, .2, -.3, .9, .9, .9, .9);
    Tensor mask = mask(Shape.of(1, 1, 3), 1, 1, 0);
    double[] y = Arrays.copyOf(numbers(self(attention, x, mask)), 8);
    double[] expected =
        switch (scale) {
          case D_HEAD ->
              new double[] {
                .038646, .005854, -.030439, .030448, .036265, .006121, -.029817, .028729
              };
          case D_MODEL ->
              new double[] {
                .037871, .005897, -.030164, .029877, .036188, .006086, -.029724, .028662
              };
        };
    assertClose(y, expected, SIX_DECIMALS);
    if (scale == Scale.D_HEAD) {
      double[] a = numbers(attention.weights(x, attention.project(x, x), mask));
      double[] first = {.493548, .506452, 0, .504861, .495139, 0};
      double[] second = {.514951, .485049, 0, .499753, .500247, 0};
      assertClose(Arrays.copyOf(a, 6), first, SIX_DECIMALS);
      assertClose(Arrays.copyOfRange(a, 9, 15), second, SIX_DECIMALS);
    }
  }

  /// Rows (1, 2, 3, 4) and (5, 6, 7, 8): a head has features of both, not all features of one.
  @Test
  void headsShareFeaturesNotPositions() {
    double[] x = {1, 2, 3, 4, 5, 6, 7, 8};
    Var rows = bench.variable(Shape.of(1, 2, 4), x);
    Projected split = plain("features", 4, 2, Split.FEATURES).project(rows, rows);
    assertThat(numbers(split.keys())).containsExactly(1, 2, 5, 6, 3, 4, 7, 8);
    Projected coupled = plain("coupled", 4, 2, Split.COUPLED).project(rows, rows);
    assertThat(numbers(coupled.keys())).containsExactly(x);
  }

  // Loops

  /// (MHA-1) to (MHA-5) for one example, head by head and feature by feature.
  private double[] naive(
      String name, Config c, int width, int heads, double[] xq, double[] xk, boolean[] mask) {
    int dim = width / heads;
    int tq = xq.length / width;
    int tk = xk.length / (c.kvWidth() == 0 ? width : c.kvWidth());
    double[] concatenated = new double[tq * width];
    for (int h = 0; h < heads; h++) {
      double[] q = naiveHead(name + "/query/", c, width, dim, h, xq);
      double[] k = naiveHead(name + "/key/", c, width, dim, h, xk);
      double[] v = naiveHead(name + "/value/", c, width, dim, h, xk);
      for (int i = 0; i < tq; i++) {
        double[] e = new double[tk];
        double sum = 0;
        for (int j = 0; j < tk; j++) {
          double score = 0;
          for (int f = 0; f < dim; f++) {
            score += q[i * dim + f] * k[j * dim + f];
          }
          e[j] =
              mask[i * tk + j]
                  ? Math.exp(score / Math.sqrt(c.scale() == Scale.D_HEAD ? dim : width))
                  : 0;
          sum += e[j];
        }
        for (int j = 0; j < tk && sum > 0; j++) {
          for (int f = 0; f < dim; f++) {
            concatenated[i * width + h * dim + f] += e[j] / sum * v[j * dim + f];
          }
        }
      }
    }
    return naiveProduct(name + "/out/", c, width, width, concatenated);
  }

  private double[] naiveHead(String path, Config c, int width, int dim, int h, double[] x) {
    int in = c.kvWidth() > 0 && !path.endsWith("query/") ? c.kvWidth() : width;
    int t = x.length / in;
    double[] y = new double[t * dim];
    if (c.projection() == Projection.FULL_THEN_SPLIT) {
      double[] all = naiveProduct(path, c, in, width, x);
      for (int i = 0; i < t; i++) {
        System.arraycopy(all, i * width + h * dim, y, i * dim, dim);
      }
      return y;
    }
    double[] w = bench.get(path + "weight");
    for (int i = 0; i < t; i++) {
      for (int o = 0; o < dim; o++) {
        double sum = c.bias() ? bench.get(path + "bias")[h * dim + o] : 0;
        for (int f = 0; f < dim; f++) {
          sum += x[i * width + h * dim + f] * w[(h * dim + f) * dim + o];
        }
        y[i * dim + o] = sum;
      }
    }
    return y;
  }

  private double[] naiveProduct(String path, Config c, int in, int out, double[] x) {
    double[] w = bench.get(path + "weight");
    double[] y = new double[x.length / in * out];
    for (int i = 0; i < x.length / in; i++) {
      for (int o = 0; o < out; o++) {
        double sum = c.bias() ? bench.get(path + "bias")[o] : 0;
        for (int f = 0; f < in; f++) {
          sum += x[i * in + f] * w[f * out + o];
        }
        y[i * out + o] = sum;
      }
    }
    return y;
  }

  /// Two examples, of which the second allows one query nothing; h = 1 is attention with full matrices.
  @Test
  void itsEquationsAsLoops() {
    boolean[] allowed = {
      true, false, true, true, true, true, // 2 queries, 3 keys
      true, true, false, false, false, false
    };
    int n = 0;
    for (Projection projection : Projection.values()) {
      for (Scale scale : Scale.values()) {
        for (boolean bias : new boolean[] {false, true}) {
          for (int heads : new int[] {1, 2, 3}) {
            boolean full = projection == Projection.FULL_THEN_SPLIT;
            int kv = full && heads == 2 ? 5 : 6;
            Config c = Config.PAPER.with(projection).with(scale).withBias(bias).withKvWidth(kv);
            String name = "case" + n++;
            MultiHeadAttention attention = drawn(name, 6, heads, c);
            double[] xq = normal(1, 2 * 2 * 6);
            double[] xk = normal(2, 2 * 3 * kv);
            Var k = bench.variable(Shape.of(2, 3, kv), xk);
            Tensor mask = bench.tape.scope().upload(Shape.of(2, 2, 3), allowed);
            double[] y =
                numbers(
                    attention.forward(
                        bench.variable(Shape.of(2, 2, 6), xq), k, k, mask, bench.evaluation));
            for (int b = 0; b < 2; b++) {
              double[] expected =
                  naive(
                      name,
                      c,
                      6,
                      heads,
                      Bench.row(xq, b, 12),
                      Bench.row(xk, b, 3 * kv),
                      Arrays.copyOfRange(allowed, 6 * b, 6 * b + 6));
              assertClose(Bench.row(y, b, 12), expected, EXACT);
            }
          }
        }
      }
    }
  }

  // What must not matter

  @ParameterizedTest
  @EnumSource
  void paddingChangesNothing(Projection projection) {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER.with(projection));
    double[] x = normal(1, 8);
    double[] y = numbers(self(attention, bench.variable(Shape.of(1, 2, 4), x), null));
    double[] longer = Arrays.copyOf(x, 16);
    Arrays.fill(longer, 8, 16, 1e3);
    Var padded = bench.variable(Shape.of(1, 4, 4), longer);
    Var z = self(attention, padded, mask(Shape.of(1, 1, 4), 1, 1, 0, 0)).slice(1, 0, 2);
    assertClose(numbers(z), y, EXACT);
    double[] g = requireNonNull(bench.tape.backward(z.square().sum()).of(padded)).toDoubles();
    assertThat(Arrays.copyOfRange(g, 8, 16)).containsOnly(0);
    assertThat(Arrays.copyOf(g, 8)).doesNotContain(0, Double.NaN);
  }

  @ParameterizedTest
  @EnumSource
  void aQueryWithoutAKeyGetsNothing(Projection projection) {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER.with(projection));
    Var x = bench.variable(Shape.of(1, 2, 4), normal(1, 8));
    Tensor none = mask(Shape.of(1, 1, 2), 0, 0);
    Var y = self(attention, x, none);
    assertThat(numbers(y)).containsOnly(0);
    assertThat(numbers(attention.weights(x, attention.project(x, x), none))).containsOnly(0);
    var gradients = bench.tape.backward(y.sum());
    assertThat(requireNonNull(gradients.of(x)).toDoubles()).containsOnly(0);
    for (String m : MATRICES) {
      assertThat(bench.gradient(gradients, "a/" + m + "/weight")).as(m).containsOnly(0);
    }
  }

  @Test
  void theOrderOfKeysDoesNotMatter() {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER);
    Var q = bench.variable(Shape.of(1, 2, 4), normal(1, 8));
    Var k = bench.variable(Shape.of(1, 3, 4), normal(2, 12));
    Var v = bench.variable(Shape.of(1, 3, 4), normal(3, 12));
    Tensor order = bench.tape.scope().upload(Shape.of(3), new int[] {2, 0, 1});
    double[] y = numbers(attention.forward(q, k, v, null, bench.evaluation));
    double[] z =
        numbers(
            attention.forward(q, k.gather(1, order), v.gather(1, order), null, bench.evaluation));
    assertClose(z, y, EXACT);
  }

  /// Self-attention knows no positions: other orders of its input give other orders of its output.
  @Test
  void selfAttentionMovesWithItsInput() {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER);
    Var x = bench.variable(Shape.of(1, 3, 4), normal(1, 12));
    Tensor order = bench.tape.scope().upload(Shape.of(3), new int[] {2, 0, 1});
    double[] y = numbers(self(attention, x, null).gather(1, order));
    assertClose(numbers(self(attention, x.gather(1, order), null)), y, EXACT);
  }

  @Test
  void equalKeysGiveTheMeanOfAllowedValues() {
    MultiHeadAttention attention = plain("plain", 2, 1, Split.FEATURES);
    Var q = bench.variable(Shape.of(1, 1, 2), 3, -4);
    Var k = bench.variable(Shape.of(1, 3, 2), 1, 2, 1, 2, 1, 2);
    Var v = bench.variable(Shape.of(1, 3, 2), 1, 10, 2, 20, 6, 60);
    Tensor mask = mask(Shape.of(1, 1, 3), 1, 0, 1);
    double[] y = numbers(attention.forward(q, k, v, mask, bench.evaluation));
    assertClose(y, new double[] {3.5, 35}, EXACT);
  }

  /// Heads in another order, in the columns of three matrices and the rows of the fourth.
  @Test
  void headsMayStandInAnyOrder() {
    MultiHeadAttention attention = drawn("a", 6, 3, Config.PAPER);
    Var x = bench.variable(Shape.of(2, 3, 6), normal(1, 36));
    double[] y = numbers(self(attention, x, null));
    int[] place = {4, 5, 0, 1, 2, 3}; // of each feature, afterwards
    for (String m : MATRICES) {
      double[] w = bench.get("a/" + m + "/weight");
      double[] moved = new double[36];
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
          moved[m.equals("out") ? place[i] * 6 + j : i * 6 + place[j]] = w[i * 6 + j];
        }
      }
      bench.set("a/" + m + "/weight", moved);
    }
    assertClose(numbers(self(attention, x, null)), y, EXACT);
  }

  // Causality

  private Tensor causal(int t) {
    Tensor band = Masks.band(bench.tape.scope(), t, t, -1, 0);
    return bench.tape.scope().reshape(band, Shape.of(1, t, t));
  }

  /// The positions of the output that change with position `at` of the input.
  private boolean[] touched(UnaryOperator<Var> layer, double[] x, int t, int at) {
    int width = x.length / t;
    double[] other = x.clone();
    for (int f = 0; f < width; f++) {
      other[at * width + f] += 1 + f;
    }
    double[] before = numbers(layer.apply(bench.variable(Shape.of(1, t, width), x)));
    double[] after = numbers(layer.apply(bench.variable(Shape.of(1, t, width), other)));
    boolean[] touched = new boolean[t];
    for (int i = 0; i < t; i++) {
      touched[i] = !Arrays.equals(Bench.row(before, i, width), Bench.row(after, i, width));
    }
    return touched;
  }

  @ParameterizedTest
  @EnumSource
  void nobodySeesTheFuture(Projection projection) {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER.with(projection));
    double[] x = normal(1, 16);
    for (int at = 0; at < 4; at++) {
      boolean[] seen = touched(v -> self(attention, v, causal(4)), x, 4, at);
      for (int i = 0; i < 4; i++) {
        assertThat(seen[i]).as("position %d sees %d", i, at).isEqualTo(i >= at);
      }
    }
    Var v = bench.variable(Shape.of(1, 4, 4), x);
    Var second = self(attention, v, causal(4)).index(1, 1);
    double[] g = requireNonNull(bench.tape.backward(second.square().sum()).of(v)).toDoubles();
    assertThat(Arrays.copyOfRange(g, 8, 16)).containsOnly(0);
    assertThat(Arrays.copyOf(g, 8)).doesNotContain(0);
  }

  /// The trap: with heads cut out of the position axis the same mask lets the past see the future. This layer refuses the
  /// mask; written out, the test above would find it.
  @Test
  void coupledHeadsWouldSeeTheFuture() {
    MultiHeadAttention coupled = drawn("a", 4, 2, Config.PAPER.with(Split.COUPLED));
    Var x = bench.variable(Shape.of(1, 4, 4), normal(1, 16));
    assertThat(numbers(self(coupled, x, null))).hasSize(16).doesNotContain(Double.NaN);
    assertThatThrownBy(() -> self(coupled, x, causal(4)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Expected no mask, or split FEATURES");
    UnaryOperator<Var> writtenOut =
        v -> {
          Var q = v.reshape(1, 2, 4, 2);
          Var a = q.matmul(q, false, true).softmax(Masks.band(bench.tape.scope(), 4, 4, -1, 0));
          return a.matmul(q).permute(0, 2, 1, 3).reshape(1, 4, 4);
        };
    assertThat(touched(writtenOut, normal(1, 16), 4, 2)).containsExactly(true, true, true, true);
  }

  // Decoding

  /// Keys and values kept from step to step give what one pass gives.
  @Test
  void keptKeysAreAsGoodAsNewOnes() {
    MultiHeadAttention attention = drawn("a", 4, 2, Config.PAPER.withBias(true));
    Var x = bench.variable(Shape.of(2, 4, 4), normal(1, 32));
    double[] all = numbers(self(attention, x, causal(4)));
    Projected kept = null;
    for (int t = 0; t < 4; t++) {
      Var now = x.slice(1, t, t + 1);
      Projected more = attention.project(now, now);
      kept = kept == null ? more : kept.then(more);
      double[] y = numbers(attention.attend(now, kept, null, bench.evaluation));
      for (int b = 0; b < 2; b++) {
        assertClose(Bench.row(y, b, 4), Bench.row(all, 4 * b + t, 4), EXACT);
      }
    }
    Tensor swapped = bench.tape.scope().upload(Shape.of(2), new int[] {1, 0});
    Var queries = x.gather(0, swapped);
    double[] y =
        numbers(
            attention.attend(
                queries, requireNonNull(kept).rows(swapped), causal(4), bench.evaluation));
    assertClose(Bench.row(y, 0, 16), Bench.row(all, 1, 16), EXACT);
    assertClose(Bench.row(y, 1, 16), Bench.row(all, 0, 16), EXACT);
  }

  // Dropout

  /// Of equal values the weights' sum is left, which dropout changes, in training only.
  @Test
  void dropoutDropsWeights() {
    MultiHeadAttention attention =
        new MultiHeadAttention(1, 1, Config.PAPER.withDropout(.5), bench.params);
    bench.set("value/weight", 1);
    bench.set("out/weight", 1);
    Var x = bench.variable(Shape.of(1, 8, 1), 1, 1, 1, 1, 1, 1, 1, 1);
    assertClose(
        numbers(attention.forward(x, x, x, null, bench.evaluation)),
        new double[] {1, 1, 1, 1, 1, 1, 1, 1},
        EXACT);
    for (double y : numbers(self(attention, x, null))) {
      assertThat(y * 4).isCloseTo(Math.rint(y * 4), within(EXACT));
    }
    assertThat(numbers(self(attention, x, null))).isNotEqualTo(numbers(self(attention, x, null)));
  }

  // Gradients

  /// Rows of 3, 0 and 1 keys, seen by two queries.
  private static Objective.Builder layer(Config config, int heads, boolean masked) {
    return params -> {
      MultiHeadAttention attention = new MultiHeadAttention(4, heads, config, params);
      return (mode, in) -> {
        boolean[] real = {true, true, true, false, false, false, true, false, false};
        Tensor mask = masked ? mode.tape().scope().upload(Shape.of(3, 1, 3), real) : null;
        return Map.of("y", attention.forward(in.get("q"), in.get("k"), in.get("v"), mask, mode));
      };
    };
  }

  private static GradCheck check(Config config) {
    GradCheck check =
        GradCheck.of(5)
            .input("q", Shape.of(3, 2, 4))
            .input("k", Shape.of(3, 3, 4))
            .input("v", Shape.of(3, 3, 4));
    return config.bias()
        ? check.structurallyZero("key/bias", "added to all scores of a row")
        : check;
  }

  @ParameterizedTest
  @EnumSource
  void gradientsAreRight(Projection projection) {
    for (Scale scale : Scale.values()) {
      for (boolean bias : new boolean[] {false, true}) {
        Config config = Config.PAPER.with(projection).with(scale).withBias(bias).withDropout(.3);
        check(config).check(bench.device, layer(config, 2, true)).orFail();
      }
    }
    check(Config.PAPER)
        .check(bench.device, layer(Config.PAPER.with(projection).with(Split.COUPLED), 1, false))
        .orFail();
  }

  /// But for wrong signs that meet twice on the way: heads are split, and put together again.
  @ParameterizedTest
  @EnumSource
  void mutantsFail(Projection projection) {
    Config config = Config.PAPER.with(projection);
    Bench.verify(
        check(config),
        layer(config, 2, false),
        m -> m.kind() == Mutation.Kind.SIGN && List.of("reshape", "permute").contains(m.op()));
  }

  // Errors

  @Test
  void whatDoesNotFitIsSaid() {
    assertThatThrownBy(() -> new MultiHeadAttention(6, 4, Config.PAPER, bench.params.at("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a: 4 heads of width 6. Expected a number of heads that divides the width.");
    Config narrow = Config.PAPER.with(Projection.SPLIT_THEN_PROJECT).withKvWidth(2);
    assertThatThrownBy(() -> new MultiHeadAttention(4, 2, narrow, bench.params.at("b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("keys of width 2 and queries of width 4");
    MultiHeadAttention attention = drawn("c", 4, 2, Config.PAPER);
    Var x = bench.variable(Shape.of(1, 2, 4), normal(1, 8));
    assertThatThrownBy(() -> self(attention, x, mask(Shape.of(1, 3), 1, 1, 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "attention: mask [1, 3] for queries and keys [1, 2, 2]. Expected [B, T_q, T_k], with 1"
                + " for sizes that do not matter.");
  }
}
