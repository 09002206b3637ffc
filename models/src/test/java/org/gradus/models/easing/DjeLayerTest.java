// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.stream.Stream;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.easing.DjeLayer.Activation;
import org.gradus.models.easing.DjeLayer.Scale;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention inside one node: the worked numbers, and what each split can and cannot do.
class DjeLayerTest {
  private static final double[][] GENERAL = {{1, 0, 0.5, -0.5}, {0, 1, -1, 0.5}};
  private static final double[] X = {1, 2, -1, 0.5};

  /// O of one node, with these projections, or the identity where there is none.
  private static double[][] attention(
      DjeLayer.Config config, double[][] s, double[][]... projections) {
    int d = s[0].length;
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.evaluating(device)) {
      DjeLayer layer = new DjeLayer(d, config, params);
      String[] names = {"query", "key", "value"};
      for (int p = 0; p < names.length; p++) {
        double[][] w = p < projections.length ? projections[p] : identity(d);
        ((DenseParameter) params.get(names[p])).write(flat(w));
      }
      Var in = tape.constant(Shape.of(1, s.length, d), flat(s));
      return rows(layer.attention(in).value().toDoubles(), d);
    }
  }

  private static double[] flat(double[][] rows) {
    return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
  }

  private static double[][] rows(double[] flat, int width) {
    double[][] rows = new double[flat.length / width][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(flat, i * width, (i + 1) * width));
    return rows;
  }

  private static double[][] identity(int n) {
    double[][] i = new double[n][n];
    for (int k = 0; k < n; k++) {
      i[k][k] = 1;
    }
    return i;
  }

  private static double[][] drawn(int rows, int columns, long seed) {
    double[][] x = new double[rows][columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        x[i][j] = 2 * Counter.uniform53(seed, (long) i * columns + j) - 1;
      }
    }
    return x;
  }

  private static double[][] multiples(double[] p, double[] x) {
    double[][] rows = new double[p.length][x.length];
    for (int n = 0; n < p.length; n++) {
      for (int c = 0; c < x.length; c++) {
        rows[n][c] = p[n] * x[c];
      }
    }
    return rows;
  }

  private static DjeLayer.Config config(int heads, HeadSplit split) {
    return new DjeLayer.Config(heads, split, Scale.SQRT_MODEL, Activation.IDENTITY);
  }

  private static double[][] times(double[][] a, double[][] b) {
    double[][] c = new double[a.length][b[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b[0].length; j++) {
        for (int k = 0; k < b.length; k++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return c;
  }

  // The worked numbers: W = I, no activation, ρ = 2, two heads

  static Stream<Arguments> worked() {
    return Stream.of(
        Arguments.of(
            HeadSplit.COUPLED,
            new double[][] {
              {0.781088, -0.218912, 0.750000, -0.250000},
              {-0.437823, 0.781088, -0.592667, 0.703667}
            }),
        Arguments.of(
            HeadSplit.DECOUPLED,
            new double[][] {
              {0.622459, 0.377541, -0.022968, -0.151355},
              {0.377541, 0.622459, -0.596588, 0.231059}
            }));
  }

  @ParameterizedTest
  @MethodSource("worked")
  void generalElements(HeadSplit split, double[][] expected) {
    assertClose(flat(attention(config(2, split), GENERAL)), flat(expected), SIX_DECIMALS);
  }

  static Stream<Arguments> rankOne() {
    return Stream.of(
        Arguments.of(
            HeadSplit.DECOUPLED,
            new double[][] {
              {0.300554, 0.300554, -0.077368, -0.077368},
              {-0.965534, -0.965534, -0.577892, -0.577892}
            }),
        Arguments.of(
            HeadSplit.COUPLED,
            new double[][] {
              {0.151355, 0.369258, 0.038983, 1.191525},
              {-0.848284, -0.943106, -0.302710, -2.045935}
            }));
  }

  /// Elements 0.5 x and −x; the output divided by x.
  @ParameterizedTest
  @MethodSource("rankOne")
  void elementsThatAreMultiplesOfOneVector(HeadSplit split, double[][] expected) {
    double[][] o = attention(config(2, split), multiples(new double[] {0.5, -1}, X));
    for (double[] row : o) {
      for (int c = 0; c < X.length; c++) {
        row[c] /= X[c];
      }
    }
    assertClose(flat(o), flat(expected), SIX_DECIMALS);
  }

  /// A decoupled head reshaped without swapping back: what must not come out, and does not by a wide margin.
  @Test
  void theWrongMergeOfTheSpecificationIsNotOurs() {
    double[][] wrong = {
      {0.622459, 0.377541, 0.377541, 0.622459}, {-0.022968, -0.151355, -0.596588, 0.231059}
    };
    double[][] found = attention(config(2, HeadSplit.DECOUPLED), GENERAL);
    assertThat(far(found, wrong)).isTrue();
  }

  /// Three elements, two heads, slices of three columns: nothing that is exchanged by mistake fits, or is the same. Head h of
  /// element n is attention of slices h, and stands in columns h D′ to (h + 1) D′ of row n.
  @Test
  void aDecoupledHeadStandsWhereItsColumnsStood() {
    double[][] s = drawn(3, 6, 12);
    double[][] found = attention(config(2, HeadSplit.DECOUPLED), s);
    for (int h = 0; h < 2; h++) {
      int from = 3 * h;
      double[][] slice = new double[3][];
      Arrays.setAll(slice, n -> Arrays.copyOfRange(s[n], from, from + 3));
      double[][] head = naive(slice, identity(3), Math.sqrt(6));
      for (int n = 0; n < 3; n++) {
        assertClose(Arrays.copyOfRange(found[n], from, from + 3), head[n], EXACT);
      }
    }
  }

  // What holds of the splits

  @Test
  void oneHeadIsPlainAttention() {
    double[][] s = drawn(3, 4, 1);
    double[][] w = drawn(4, 4, 2);
    double[][] coupled = attention(config(1, HeadSplit.COUPLED), s, w);
    assertThat(attention(config(1, HeadSplit.DECOUPLED), s, w)).isDeepEqualTo(coupled);
    assertClose(flat(coupled), flat(naive(s, w, 2)), EXACT);
  }

  /// softmax((s W) sᵀ / ρ) s
  private static double[][] naive(double[][] s, double[][] w, double rho) {
    double[][] q = times(s, w);
    double[][] o = new double[s.length][s[0].length];
    for (int i = 0; i < s.length; i++) {
      double sum = 0;
      for (double[] other : s) {
        double score = 0;
        for (int c = 0; c < other.length; c++) {
          score += q[i][c] * other[c];
        }
        double e = Math.exp(score / rho);
        sum += e;
        for (int c = 0; c < other.length; c++) {
          o[i][c] += e * other[c];
        }
      }
      for (int c = 0; c < o[i].length; c++) {
        o[i][c] /= sum;
      }
    }
    return o;
  }

  /// With one element, decoupled attention has one key and is the identity on V.
  @Test
  void oneElementDecoupledIsItsValue() {
    double[][] s = drawn(1, 6, 3);
    double[][] w = drawn(6, 6, 4);
    double[][] o = attention(config(3, HeadSplit.DECOUPLED), s, w, w, w);
    assertClose(flat(o), flat(times(s, w)), EXACT);
    double[][] coupled = attention(config(3, HeadSplit.COUPLED), s, w, w, w);
    assertClose(flat(coupled), flat(times(s, w)), EXACT); // a head is one chunk of it
  }

  private static double[][] permuted(double[][] rows, int... order) {
    return Arrays.stream(order).mapToObj(i -> rows[i]).toArray(double[][]::new);
  }

  /// Decoupled: any permutation. Coupled with H | N: one inside a head's block of elements, and no other.
  @Test
  void permutingElements() {
    double[][] s = drawn(4, 4, 5);
    int[] any = {2, 0, 3, 1};
    int[] inside = {1, 0, 2, 3}; // two heads own elements 0, 1 and 2, 3
    DjeLayer.Config apart = config(2, HeadSplit.DECOUPLED);
    DjeLayer.Config coupled = config(2, HeadSplit.COUPLED);
    assertClose(
        flat(attention(apart, permuted(s, any))), flat(permuted(attention(apart, s), any)), EXACT);
    assertClose(
        flat(attention(coupled, permuted(s, inside))),
        flat(permuted(attention(coupled, s), inside)),
        EXACT);
    assertThat(far(attention(coupled, permuted(s, any)), permuted(attention(coupled, s), any)))
        .isTrue();
  }

  private static boolean far(double[][] a, double[][] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a[i].length; j++) {
        most = Math.max(most, Math.abs(a[i][j] - b[i][j]));
      }
    }
    return most > 1e-3; // numbers of size one
  }

  /// Coupled with H | N: an element says nothing to those of other heads. Decoupled: to all.
  @ParameterizedTest
  @EnumSource(HeadSplit.class)
  void whoHearsOfAnElement(HeadSplit split) {
    double[][] s = drawn(4, 4, 6);
    double[][] other = Arrays.stream(s).map(double[]::clone).toArray(double[][]::new);
    for (int c = 0; c < 4; c++) {
      other[0][c] += 1 + 0.3 * c;
    }
    double[][] before = attention(config(2, split), s);
    double[][] after = attention(config(2, split), other);
    for (int n = 0; n < 4; n++) {
      boolean hears = split == HeadSplit.DECOUPLED || n < 2;
      assertThat(!Arrays.equals(before[n], after[n])).as("element %d", n).isEqualTo(hears);
    }
  }

  /// Multiples of one vector, decoupled and without activation: the rows of a head stay multiples of one vector, whatever the
  /// projections. Coupled they do not.
  @ParameterizedTest
  @EnumSource(HeadSplit.class)
  void newDirectionsComeFromCoupledHeadsOnly(HeadSplit split) {
    double[][] s = multiples(new double[] {0.5, -1, 0.3, 2}, X);
    double[][] w = drawn(4, 4, 7);
    double[][] o = attention(config(2, split), s, w, drawn(4, 4, 8), drawn(4, 4, 9));
    double most = 0;
    for (int h = 0; h < 2; h++) {
      for (int i = 1; i < 4; i++) {
        double minor = o[0][2 * h] * o[i][2 * h + 1] - o[0][2 * h + 1] * o[i][2 * h];
        most = Math.max(most, Math.abs(minor));
      }
    }
    if (split == HeadSplit.DECOUPLED) {
      assertThat(most).isLessThan(EXACT);
    } else {
      assertThat(most).isGreaterThan(1e-3);
    }
  }

  /// W_Q = 0, and ELU(0) = 0: O is the mean of the rows of a head.
  @ParameterizedTest
  @EnumSource(HeadSplit.class)
  void withoutQueriesAttentionIsAMean(HeadSplit split) {
    double[][] s = drawn(4, 4, 10);
    DjeLayer.Config elu = new DjeLayer.Config(2, split, Scale.SQRT_MODEL, Activation.ELU);
    double[][] o = attention(elu, s, new double[4][4]);
    double[][] expected = new double[4][4];
    double[][] v = new double[4][4];
    for (int n = 0; n < 4; n++) {
      for (int c = 0; c < 4; c++) {
        v[n][c] = s[n][c] > 0 ? s[n][c] : Math.expm1(s[n][c]);
      }
    }
    for (int n = 0; n < 4; n++) {
      for (int c = 0; c < 4; c++) {
        for (int i = 0; i < 4; i++) { // four chunks per head
          int chunk = n / 2 * 4 + i;
          expected[n][c] +=
              (split == HeadSplit.DECOUPLED ? v[i][c] : v[chunk / 2][chunk % 2 * 2 + c % 2]) / 4;
        }
      }
    }
    assertClose(flat(o), flat(expected), EXACT);
  }

  /// √(D/H) instead of √D is a softmax √H times as sharp: the queries times √H do the same.
  @Test
  void theScaleIsThatOfTheHeadIfAskedFor() {
    double[][] s = drawn(3, 4, 11);
    double[][] sharper = identity(4);
    for (int c = 0; c < 4; c++) {
      sharper[c][c] = Math.sqrt(2);
    }
    DjeLayer.Config head =
        new DjeLayer.Config(2, HeadSplit.DECOUPLED, Scale.SQRT_HEAD, Activation.IDENTITY);
    assertClose(
        flat(attention(head, s)),
        flat(attention(config(2, HeadSplit.DECOUPLED), s, sharper)),
        EXACT);
  }

  @Test
  void headsThatDoNotDivideTheWidthAreRefused() {
    assertThatThrownBy(() -> attention(config(3, HeadSplit.COUPLED), GENERAL))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "easing: 3 heads for vectors of 4 numbers, twice the width of an encoder. Expected a"
                + " divisor.");
  }
}
