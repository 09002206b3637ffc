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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.layers.Attention.Normalization;
import org.gradus.layers.Attention.Score;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Scores and what becomes of them: the specification's table, plain loops, and what must not matter.
class AttentionTest {
  private static final int B = 3;
  private static final int T = 4;
  private static final int D = 2;
  private static final int A = 3;
  private static final double TAU = 1.5;
  private static final boolean[] REAL = {
    true, true, true, false, false, false, false, false, true, false, false, false
  };

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  static List<Score> scores() {
    return List.of(
        new Score.Dot(),
        new Score.ScaledDot(),
        new Score.Bilinear(false),
        new Score.Additive(A),
        new Score.Concat(A),
        new Score.Cosine(TAU),
        new Score.Location(T + 2));
  }

  static Stream<Arguments> everything() {
    return scores().stream()
        .flatMap(s -> Arrays.stream(Normalization.values()).map(n -> Arguments.of(s, n)));
  }

  private Attention drawn(Score score, Normalization normalization) {
    String name = "drawn" + bench.params.all().size() + normalization;
    Attention attention = new Attention(D, D, score, normalization, bench.params.at(name));
    for (var p : bench.params.all()) {
      if (p.path().startsWith(name)) {
        bench.set(p.path(), normal(7 + p.path().length(), (int) p.elements()));
      }
    }
    return attention;
  }

  private Tensor mask(int rows, boolean... real) {
    return bench.tape.scope().upload(Shape.of(rows, real.length / rows), real);
  }

  // The specification's example

  private Attention worked(Score score) {
    Attention attention = new Attention(2, 2, score, Normalization.SOFTMAX, bench.params.at("w"));
    switch (score) {
      case Score.Bilinear _ -> bench.set("w/weight", 1, .5, -.5, 1);
      case Score.Additive _ -> {
        bench.set("w/query", .1, .2, .3, -.1);
        bench.set("w/key", .2, -.3, .1, .4);
        bench.set("w/out", .5, -1);
      }
      default -> {}
    }
    return attention;
  }

  static List<Arguments> table() {
    return List.of(
        Arguments.of(new Score.Dot(), 0, 1, .268941, .731059),
        Arguments.of(new Score.ScaledDot(), 0, .707107, .330238, .669762),
        Arguments.of(new Score.Bilinear(false), -.25, 1.25, .182426, .817574),
        Arguments.of(new Score.Additive(2), .192345, -.071185, .565504, .434496),
        Arguments.of(new Score.Cosine(1), 0, .894427, .290197, .709803));
  }

  @ParameterizedTest
  @MethodSource("table")
  void theWorkedExample(Score score, double s1, double s2, double w1, double w2) {
    Attention attention = worked(score);
    Var q = bench.variable(Shape.of(1, 2), 1, .5);
    Var k = bench.variable(Shape.of(1, 3, 2), .2, -.4, .6, .8, 9, 9);
    double[] s = numbers(attention.scores(q, k));
    assertClose(Arrays.copyOf(s, 2), new double[] {s1, s2}, SIX_DECIMALS);
    double[] w = numbers(attention.weights(q, k, mask(1, true, true, false)));
    assertClose(w, new double[] {w1, w2, 0}, SIX_DECIMALS);
    assertThat(w[2]).isZero();
    double[] context = numbers(attention.forward(q, k, k, mask(1, true, true, false)));
    double[] mixed = {w1 * .2 + w2 * .6, w1 * -.4 + w2 * .8};
    assertClose(context, mixed, 2 * SIX_DECIMALS); // two weights of six decimals
  }

  /// What becomes of the table's second row when a masked score is 0 instead of none: padding has a quarter of the weight.
  @Test
  void zerosForMaskedScoresWouldGivePaddingWeight() {
    Attention attention = worked(new Score.ScaledDot());
    Var q = bench.variable(Shape.of(1, 2), 1, .5);
    Var k = bench.variable(Shape.of(1, 3, 2), .2, -.4, .6, .8, 9, 9);
    Tensor real = mask(1, true, true, false);
    double[] wrong = numbers(attention.scores(q, k).keepWhere(real).softmax());
    assertClose(wrong, new double[] {.248255, .503490, .248255}, SIX_DECIMALS);
    assertThat(numbers(attention.weights(q, k, real))[2]).isZero();
  }

  // Plain loops

  private double get(String path, int i) {
    return bench.get(path)[i];
  }

  private double naive(Score score, String path, double[] q, double[] k, int t) {
    double dot = q[0] * k[0] + q[1] * k[1];
    double sum = 0;
    switch (score) {
      case Score.Dot _ -> sum = dot;
      case Score.ScaledDot _ -> sum = dot / Math.sqrt(2);
      case Score.Bilinear _ -> {
        for (int i = 0; i < D; i++) {
          for (int j = 0; j < D; j++) {
            sum += q[i] * get(path + "/weight", i * D + j) * k[j];
          }
        }
      }
      case Score.Additive _ -> {
        for (int a = 0; a < A; a++) {
          double h = get(path + "/bias", a);
          for (int i = 0; i < D; i++) {
            h += q[i] * get(path + "/query", i * A + a) + k[i] * get(path + "/key", i * A + a);
          }
          sum += Math.tanh(h) * get(path + "/out", a);
        }
      }
      case Score.Concat _ -> {
        double[] both = {q[0], q[1], k[0], k[1]};
        for (int a = 0; a < A; a++) {
          double h = 0;
          for (int i = 0; i < 2 * D; i++) {
            h += both[i] * get(path + "/weight", i * A + a);
          }
          sum += Math.tanh(h) * get(path + "/out", a);
        }
      }
      case Score.Cosine _ ->
          sum = TAU * dot / Math.sqrt(q[0] * q[0] + q[1] * q[1]) / Math.hypot(k[0], k[1]);
      case Score.Location _ -> {
        for (int i = 0; i < D; i++) {
          sum += q[i] * get(path + "/weight", i * (T + 2) + t);
        }
      }
    }
    return sum;
  }

  /// Several queries of each row, and one.
  @ParameterizedTest
  @MethodSource("everything")
  void equalsPlainLoops(Score score, Normalization normalization) {
    Attention attention = drawn(score, normalization);
    double[] q = normal(1, B * 2 * D);
    double[] k = normal(2, B * T * D);
    double[] values = normal(3, B * T * 3);
    double[] expectedWeights = new double[B * 2 * T];
    double[] expected = new double[B * 2 * 3];
    for (int r = 0; r < B * 2; r++) {
      int b = r / 2;
      double sum = 0;
      double[] w = new double[T];
      for (int t = 0; t < T; t++) {
        double s = 0;
        if (REAL[b * T + t]) {
          s = naive(score, attention.path(), Bench.row(q, r, D), Bench.row(k, b * T + t, D), t);
          w[t] =
              switch (normalization) {
                case SOFTMAX -> Math.exp(s);
                case SIGMOID -> 1 / (1 + Math.exp(-s));
                case NONE -> s;
              };
        }
        sum += w[t];
      }
      for (int t = 0; t < T; t++) {
        if (normalization == Normalization.SOFTMAX && sum > 0) {
          w[t] /= sum;
        }
        expectedWeights[r * T + t] = w[t];
        for (int d = 0; d < 3; d++) {
          expected[r * 3 + d] += w[t] * values[(b * T + t) * 3 + d];
        }
      }
    }
    Var several = bench.variable(Shape.of(B, 2, D), q);
    Var keys = bench.variable(Shape.of(B, T, D), k);
    Var v = bench.variable(Shape.of(B, T, 3), values);
    // a cosine is off by 1e-12 / ‖k‖², and no key is shorter than 0.1
    double allowed = score instanceof Score.Cosine ? 1e-9 : EXACT;
    Tensor real = mask(B, REAL);
    assertClose(numbers(attention.weights(several, keys, real)), expectedWeights, allowed);
    assertClose(numbers(attention.forward(several, keys, v, real)), expected, allowed);
    double[] first = numbers(attention.forward(several.index(1, 0), keys, v, real));
    for (int b = 0; b < B; b++) {
      assertClose(Bench.row(first, b, 3), Bench.row(expected, 2 * b, 3), allowed);
    }
  }

  // What must not matter

  /// More padding, and other numbers there, change nothing; their gradients are 0. A row without a real key has weights of 0.
  @ParameterizedTest
  @MethodSource("everything")
  void paddingChangesNothing(Score score, Normalization normalization) {
    Attention attention = drawn(score, normalization);
    double[] k = normal(2, B * T * D);
    double[] wide = new double[B * (T + 2) * D];
    boolean[] wideReal = new boolean[B * (T + 2)];
    Arrays.fill(wide, -7);
    for (int b = 0; b < B; b++) {
      for (int t = 0; t < T; t++) {
        if (REAL[b * T + t]) {
          System.arraycopy(k, (b * T + t) * D, wide, (b * (T + 2) + t) * D, D);
          wideReal[b * (T + 2) + t] = true;
        }
      }
    }
    Var q = bench.variable(Shape.of(B, D), normal(1, B * D));
    Var keys = bench.variable(Shape.of(B, T, D), k);
    Var wider = bench.variable(Shape.of(B, T + 2, D), wide);
    Var y = attention.forward(q, keys, keys, mask(B, REAL));
    Var z = attention.forward(q, wider, wider, mask(B, wideReal));
    assertThat(numbers(z)).isEqualTo(numbers(y));
    assertThat(Bench.row(numbers(y), 1, D)).containsOnly(0);
    double[] w = numbers(attention.weights(q, wider, mask(B, wideReal)));
    Tensor seed = bench.upload(y.shape(), normal(5, B * D));
    double[] dk = gradient(bench.tape.backward(y, bench.tape.scope().share(seed)).of(keys));
    var back = bench.tape.backward(z, seed);
    double[] dw = gradient(back.of(wider));
    assertThat(gradient(back.of(q))).doesNotContain(Double.NaN);
    for (int b = 0; b < B; b++) {
      for (int t = 0; t < T + 2; t++) {
        double[] g = Bench.row(dw, b * (T + 2) + t, D);
        if (wideReal[b * (T + 2) + t]) {
          assertThat(g).isEqualTo(Bench.row(dk, b * T + t, D));
        } else {
          assertClose(g, new double[D], 0); // 0 of either sign
          assertThat(w[b * (T + 2) + t]).isZero();
        }
      }
    }
  }

  private static double[] gradient(@org.jspecify.annotations.Nullable Tensor g) {
    return Objects.requireNonNull(g).toDoubles();
  }

  @ParameterizedTest
  @MethodSource("scores")
  void softmaxWeightsAreShares(Score score) {
    Attention attention = drawn(score, Normalization.SOFTMAX);
    Var q = bench.variable(Shape.of(B, D), normal(1, B * D));
    Var k = bench.variable(Shape.of(B, T, D), normal(2, B * T * D));
    double[] w = numbers(attention.weights(q, k, mask(B, REAL)));
    for (int b = 0; b < B; b++) {
      double sum = Arrays.stream(Bench.row(w, b, T)).sum();
      assertClose(new double[] {sum}, new double[] {b == 1 ? 0 : 1}, EXACT);
    }
    double[] shifted = numbers(attention.scores(q, k).add(3).softmax(mask(B, REAL)));
    assertClose(shifted, w, EXACT);
  }

  /// Keys in another order have their weights in that order; but for (ATT-7), which looks at the place alone.
  @ParameterizedTest
  @MethodSource("scores")
  void weightsFollowTheirKeys(Score score) {
    Attention attention = drawn(score, Normalization.SOFTMAX);
    Var q = bench.variable(Shape.of(1, D), normal(1, D));
    double[] k = normal(2, 2 * D);
    double[] swapped = {k[2], k[3], k[0], k[1]};
    Tensor real = mask(1, true, true);
    double[] w = numbers(attention.weights(q, bench.variable(Shape.of(1, 2, D), k), real));
    double[] z = numbers(attention.weights(q, bench.variable(Shape.of(1, 2, D), swapped), real));
    assertThat(w[0]).isNotEqualTo(w[1]);
    boolean byPlace = score instanceof Score.Location;
    assertThat(z).containsExactly(byPlace ? w[0] : w[1], byPlace ? w[1] : w[0]);
  }

  @Test
  void aBilinearScoreMayStartAsTheDotProduct() {
    Attention bilinear =
        new Attention(
            3, 3, new Score.Bilinear(true), Normalization.NONE, bench.params.at("bilinear"));
    Attention dot =
        new Attention(3, 3, new Score.Dot(), Normalization.NONE, bench.params.at("dot"));
    Var q = bench.variable(Shape.of(2, 3), normal(1, 6));
    Var k = bench.variable(Shape.of(2, 2, 3), normal(2, 12));
    assertClose(numbers(bilinear.scores(q, k)), numbers(dot.scores(q, k)), EXACT);
  }

  @Test
  void aCosineKnowsNoLengths() {
    Attention cosine =
        new Attention(D, D, new Score.Cosine(2), Normalization.NONE, bench.params.at("cosine"));
    double[] k = normal(2, T * D);
    double[] longer = Arrays.stream(k).map(x -> 8 * x).toArray();
    Var q = bench.variable(Shape.of(1, D), 3, -4);
    Var q2 = bench.variable(Shape.of(1, D), .75, -1);
    double[] s = numbers(cosine.scores(q, bench.variable(Shape.of(1, T, D), k)));
    double[] z = numbers(cosine.scores(q2, bench.variable(Shape.of(1, T, D), longer)));
    assertClose(z, s, 1e-9); // as above: the 1e-12 under the root
    assertThat(Arrays.stream(s).map(Math::abs).max().orElseThrow()).isLessThanOrEqualTo(2);
    Var zero = bench.variable(Shape.of(1, 1, D), 0, 0);
    Var y = cosine.scores(q, zero);
    assertThat(numbers(y)).containsExactly(0);
    assertThat(gradient(bench.tape.backward(y.sum()).of(zero))).doesNotContain(Double.NaN);
  }

  // Gradients

  private static Objective.Builder layer(Score score, Normalization normalization) {
    return params -> {
      Attention attention = new Attention(D, D, score, normalization, params);
      return (mode, in) -> {
        Tensor real = mode.tape().scope().upload(Shape.of(B, T), REAL);
        return Map.of("y", attention.forward(in.get("q"), in.get("k"), in.get("v"), real));
      };
    };
  }

  private static GradCheck check(Shape query) {
    return GradCheck.of(3)
        .input("q", query)
        .input("k", Shape.of(B, T, D))
        .input("v", Shape.of(B, T, 3));
  }

  @ParameterizedTest
  @MethodSource("everything")
  void gradientsAreRight(Score score, Normalization normalization) {
    for (Shape query : List.of(Shape.of(B, D), Shape.of(B, 2, D))) {
      GradCheck check = check(query);
      GradCheck known =
          score instanceof Score.Location
              ? check.structurallyZero("k", "this score looks at the place alone")
              : check;
      known.check(bench.device, layer(score, normalization)).orFail();
    }
  }

  /// A single wrong component may be that of padding.
  @ParameterizedTest
  @EnumSource
  void mutantsFail(Normalization normalization) {
    Shape query = Shape.of(B, D);
    for (Score score : List.of(new Score.Additive(A), new Score.Cosine(TAU))) {
      Bench.verify(
          check(query), layer(score, normalization), m -> m.kind() == Mutation.Kind.COMPONENT);
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(
            () ->
                new Attention(
                    2, 3, new Score.Dot(), Normalization.NONE, bench.params.at("attention")))
        .hasMessageContaining("attention of queries of 2 numbers to keys of 3 by Dot[]")
        .hasMessageContaining("Bilinear takes any");
    Attention location =
        new Attention(2, 2, new Score.Location(1), Normalization.NONE, bench.params.at("place"));
    Var q = bench.variable(Shape.of(1, 2), 1, 2);
    Var k = bench.variable(Shape.of(1, 2, 2), 1, 2, 3, 4);
    assertThatThrownBy(() -> location.scores(q, k))
        .hasMessageContaining("2 keys. Expected at most 1");
    Var other = bench.variable(Shape.of(2, 2), 1, 2, 3, 4);
    assertThatThrownBy(() -> location.scores(other, k))
        .hasMessageContaining("queries [2, 2] to keys [1, 2, 2]. Expected [B, 2] or [B, Q, 2]");
  }
}
