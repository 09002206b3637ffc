// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.UpdateKernels.Adam;
import org.gradus.tensor.UpdateKernels.Ftrl;
import org.jspecify.annotations.Nullable;

/// Every rule on a dense buffer, on rows of a table, and over whole tables.
///
/// The numbers of the rules are those of practice (β₂ = 0.999 and the like), rounded to float32 by the device, which adds a
/// rounding for each.
class UpdateContractTest {
  private static final double RATE = 0.05;
  private static final double EPSILON = 1e-8;
  private static final Adam ADAM =
      new Adam(1e-3, 0.9, 0.999, 1e-8, 1 / (1 - Math.pow(0.9, 3)), 1 / (1 - Math.pow(0.999, 3)));
  private static final Ftrl FTRL = new Ftrl(0.1, 1, 0.5, 0.25);

  /// A rule on a dense buffer: weights, two states, gradients.
  private interface Dense {
    void run(UpdateKernels kernels, Buffer w, Buffer a, Buffer b, Buffer g, int n);
  }

  /// The same on rows.
  private interface OfRows {
    void run(UpdateKernels k, Table w, Table a, Table b, RowGradient g);
  }

  /// Bounds of the three numbers at one place from the numbers before: weight, states, gradient.
  private interface Bounds {
    double[] of(double w, double a, double b, double g);
  }

  private static void compare(Twin twin, String name, Dense dense, OfRows ofRows, Bounds bounds) {
    for (int n : Samples.sizes()) {
      float[][] before = before(n);
      twin.compare(
          name + " of " + n,
          side -> {
            Buffer w = side.real(before[0]);
            Buffer a = side.real(before[1]);
            Buffer b = side.real(before[2]);
            dense.run(side.kernels().update(), w, a, b, side.real(before[3]), n);
            Buffer[] after = {w, a, b};
            for (int k = 0; k < 3; k++) {
              int number = k;
              side.result(after[k], (i, exact) -> bound(bounds, before, i, before[3][i])[number]);
            }
          });
    }
    for (int width : new int[] {1, 3, 8, 16, 17, 33, 127, 128, 129, 256, 300}) {
      for (int count : width < 100 ? new int[] {0, 1, 7, 300, 2000} : new int[] {1, 40}) {
        int tableRows = 2 * count + 3;
        float[][] before = before(tableRows * width);
        int[] rows = new int[count];
        float[] g = Samples.normal(9, count * width);
        int[] given = new int[tableRows]; // 1 + the number of the gradient of each row, 0 for none
        for (int r = 0; r < count; r++) {
          rows[r] = 2 * (count - r); // distinct, and not rising
          given[rows[r]] = r + 1;
        }
        twin.compare(
            name + " of " + count + " rows of width " + width,
            side -> {
              Table w = side.table(width, before[0]);
              Table a = side.table(width, before[1]);
              Table b = side.table(width, before[2]);
              UpdateKernels kernels = side.kernels().update();
              ofRows.run(
                  kernels, w, a, b, new RowGradient.Summed(side.ints(rows), side.real(g), count));
              Table[] after = {w, a, b};
              for (int k = 0; k < 3; k++) {
                int number = k;
                side.result(
                    after[k],
                    (i, exact) -> {
                      int r = given[i / width];
                      return r == 0
                          ? 0
                          : bound(bounds, before, i, g[(r - 1) * width + i % width])[number];
                    });
              }
            });
      }
    }
  }

  private static double[] bound(Bounds bounds, float[][] before, int i, float g) {
    return bounds.of(before[0][i], before[1][i], before[2][i], g);
  }

  /// Weights, a state of either sign, a state that is never negative, gradients.
  private static float[][] before(int n) {
    float[] b = Samples.positive(3, n);
    float[] g = Samples.normal(4, n);
    for (int i = 0; i < n; i++) {
      b[i] = i % 5 == 0 ? 0 : b[i];
      g[i] = i % 7 == 0 ? 0 : g[i];
    }
    return new float[][] {Samples.normal(1, n), Samples.normal(2, n), b, g};
  }

  private static double[] bounds(double w, double a, double b) {
    return new double[] {w * Bound.U, a * Bound.U, b * Bound.U};
  }

  /// The updates of rows, each of which may take its gradient as sums or as the terms of them.
  private static Map<String, OfRows> ofRows() {
    Map<String, OfRows> rules = new LinkedHashMap<>();
    rules.put("sgd", (k, w, a, b, g) -> k.sgdRows(w, g, RATE));
    rules.put("momentum", (k, w, a, b, g) -> k.momentumRows(w, a, g, RATE, 0.9, false));
    rules.put("nesterov", (k, w, a, b, g) -> k.momentumRows(w, a, g, RATE, 0.9, true));
    rules.put("adagrad", (k, w, a, b, g) -> k.adagradRows(w, b, g, RATE, EPSILON));
    rules.put("adam", (k, w, a, b, g) -> k.adamRows(w, a, b, g, ADAM));
    rules.put("adam, all rows", (k, w, a, b, g) -> k.adamAllRows(w, a, b, g, ADAM, 0.1, 1));
    rules.put("ftrl", (k, w, a, b, g) -> k.ftrlRows(w, a, b, g, FTRL));
    return rules;
  }

  @OnEveryDevice
  void termsGiveTheBitsOfTheirSums(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 3, 16, 33}) {
        for (int n : new int[] {0, 1, 40, 3000}) {
          ofRows()
              .forEach(
                  (name, rule) ->
                      twin.compare(
                          name + " of " + n + " terms of width " + width,
                          side -> terms(side, rule, n, width)));
        }
      }
    }
  }

  private static void terms(Side side, OfRows rule, int n, int width) {
    int tableRows = n + 3; // so that most rows occur once, and some often
    int stride = width + 2;
    int[] ids = Samples.ids(1, n, tableRows);
    int[] source = Samples.ids(2, n, 50);
    for (int i = 0; i < n; i++) {
      source[i] = source[i] * stride + 1;
    }
    Buffer at = side.ints(source);
    Buffer dy = side.real(Samples.normal(3, 50 * stride + width));
    Buffer rows = side.blank(Kind.INT, n);
    Buffer segments = side.blank(Kind.INT, n + 1);
    Buffer order = side.blank(Kind.INT, n);
    int count = side.kernels().sort().merge(rows, segments, order, side.ints(ids), n, tableRows);
    Merged merged = new Merged(rows, segments, order, count);
    for (Buffer factor : Arrays.asList(null, side.real(Samples.normal(4, n)))) {
      Buffer sums = side.blank(n * width);
      side.kernels().jagged().sumRows(sums, dy, merged, at, factor, width);
      float[][] before = before(tableRows * width);
      Table[] summed = tables(side, width, before);
      Table[] terms = tables(side, width, before);
      UpdateKernels k = side.kernels().update();
      rule.run(k, summed[0], summed[1], summed[2], new RowGradient.Summed(rows, sums, count));
      rule.run(k, terms[0], terms[1], terms[2], new RowGradient.Places(merged, dy, at, factor));
      for (int t = 0; t < summed.length; t++) {
        double[] expected = new double[tableRows * width];
        double[] found = new double[tableRows * width];
        summed[t].read(0, expected);
        terms[t].read(0, found);
        assertThat(found).isEqualTo(expected);
        if (n > 0 && t == 0) {
          double[] start = new double[found.length];
          Arrays.setAll(start, i -> before[0][i]);
          assertThat(found).isNotEqualTo(start);
        }
      }
    }
  }

  private static Table[] tables(Side side, int width, float[][] before) {
    return new Table[] {
      side.table(width, before[0]), side.table(width, before[1]), side.table(width, before[2])
    };
  }

  @OnEveryDevice
  void rowWiseAdagradOfTermsGivesTheBitsOfTheirSums(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 17}) {
        // The second state has one number a row; the first stands in for it.
        twin.compare(
            "row-wise adagrad of terms of width " + width,
            side -> {
              Table state = side.table(1, Samples.positive(5, 43));
              Table again = side.table(1, Samples.positive(5, 43));
              terms(
                  side,
                  (k, w, a, b, g) -> {
                    boolean sums = g instanceof RowGradient.Summed;
                    k.rowWiseAdagradRows(w, sums ? state : again, g, RATE, EPSILON);
                  },
                  40,
                  width);
              double[] expected = new double[43];
              double[] found = new double[43];
              state.read(0, expected);
              again.read(0, found);
              assertThat(found).isEqualTo(expected);
            });
      }
    }
  }

  @OnEveryDevice
  void gradientDescent(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      compare(
          twin,
          "sgd",
          (k, w, a, b, g, n) -> k.sgd(w, g, RATE, n),
          (k, w, a, b, g) -> k.sgdRows(w, g, RATE),
          (w, a, b, g) -> bounds(Math.abs(w) + 4 * RATE * Math.abs(g), 0, 0));
    }
  }

  @OnEveryDevice
  void momentum(DeviceUnderTest device) {
    double momentum = 0.9;
    try (Twin twin = device.open()) {
      for (boolean nesterov : new boolean[] {false, true}) {
        compare(
            twin,
            nesterov ? "nesterov" : "momentum",
            (k, w, a, b, g, n) -> k.momentum(w, a, g, RATE, momentum, nesterov, n),
            (k, w, a, b, g) -> k.momentumRows(w, a, g, RATE, momentum, nesterov),
            (w, a, b, g) -> {
              double v = momentum * Math.abs(a) + Math.abs(g);
              double step = v + (nesterov ? Math.abs(g) : 0);
              return bounds(Math.abs(w) + 10 * RATE * step, 3 * v, 0);
            });
      }
    }
  }

  @OnEveryDevice
  void adagrad(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      compare(
          twin,
          "adagrad",
          (k, w, a, b, g, n) -> k.adagrad(w, b, g, RATE, EPSILON, n),
          (k, w, a, b, g) -> k.adagradRows(w, b, g, RATE, EPSILON),
          (w, a, b, g) -> {
            double s = b + g * g;
            double step = g == 0 ? 0 : RATE * Math.abs(g) / (Math.sqrt(s) + EPSILON);
            return bounds(Math.abs(w) + 9 * step, 0, 2 * s);
          });
    }
  }

  @OnEveryDevice
  void adam(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      compare(
          twin,
          "adam",
          (k, w, a, b, g, n) -> k.adam(w, a, b, g, ADAM, n),
          (k, w, a, b, g) -> k.adamRows(w, a, b, g, ADAM),
          UpdateContractTest::adamBounds);
    }
  }

  private static double[] adamBounds(double w, double m, double v, double g) {
    double sizeM = 0.9 * Math.abs(m) + 0.1 * Math.abs(g);
    double sizeV = 0.999 * v + 0.001 * g * g;
    double perM =
        ADAM.rate() * ADAM.correction1() / (Math.sqrt(sizeV * ADAM.correction2()) + EPSILON);
    // m is off by 3 roundings of its terms; rate, correction, product, root (of 5), ε, sum,
    // division make 12 more.
    return bounds(Math.abs(w) + (sizeM == 0 ? 0 : 15 * perM * sizeM), 3 * sizeM, 4 * sizeV);
  }

  @OnEveryDevice
  void adamOnAllRows(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 8, 17}) {
        for (int count : new int[] {0, 1, 7, 1000}) {
          for (int first : new int[] {0, 1}) {
            for (double l2 : new double[] {0, 0.01}) {
              adamOnAllRows(twin, width, count, first, l2);
            }
          }
        }
      }
    }
  }

  private static void adamOnAllRows(Twin twin, int width, int count, int first, double l2) {
    int tableRows = 2 * count + 3;
    float[][] before = before(tableRows * width);
    float[] g = Samples.normal(9, count * width);
    int[] rows = new int[count];
    for (int r = 0; r < count; r++) {
      rows[r] = 2 * r + 1;
    }
    twin.compare(
        "adam on all rows, width %d, %d given, from %d, l2 %s".formatted(width, count, first, l2),
        side -> {
          Table w = side.table(width, before[0]);
          Table m = side.table(width, before[1]);
          Table v = side.table(width, before[2]);
          side.kernels()
              .update()
              .adamAllRows(
                  w,
                  m,
                  v,
                  new RowGradient.Summed(side.ints(rows), side.real(g), count),
                  ADAM,
                  l2,
                  first);
          Table[] after = {w, m, v};
          for (int k = 0; k < 3; k++) {
            int number = k;
            side.result(
                after[k],
                (i, exact) -> {
                  int row = i / width;
                  boolean present = row % 2 == 1 && row / 2 < count;
                  if (row < first) {
                    return 0;
                  }
                  double gradient = present ? g[row / 2 * width + i % width] : l2 * before[0][i];
                  double[] bounds = adamBounds(before[0][i], before[1][i], before[2][i], gradient);
                  // The penalty's gradient is itself off by two roundings: 3 and 15 become 5 and
                  // 17, v's 4 becomes 8.
                  return (present ? 1 : 2) * bounds[number];
                });
          }
        });
  }

  @OnEveryDevice
  void ftrl(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      compare(
          twin,
          "ftrl",
          (k, w, a, b, g, n) -> k.ftrl(w, a, b, g, FTRL, n),
          (k, w, a, b, g) -> k.ftrlRows(w, a, b, g, FTRL),
          (w, z, s, g) -> {
            double root = Math.sqrt(s + g * g);
            double sizeZ = Math.abs(z) + Math.abs(g) + Math.abs(w) * root / FTRL.alpha();
            double divisor = (FTRL.beta() + root) / FTRL.alpha() + FTRL.l2();
            // σ is a difference of roots, each off by 3 roundings, and is divided: 6 roundings of
            // √s/α.
            return bounds(15 * (sizeZ + FTRL.l1()) / divisor, 8 * sizeZ, 2 * (s + g * g));
          });
    }
  }

  @OnEveryDevice
  void rowWiseAdagrad(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 3, 8, 16, 17, 33}) {
        for (int count : new int[] {0, 1, 7, 2000}) {
          int tableRows = count + 2;
          float[] weights = Samples.normal(1, tableRows * width);
          float[] states = Samples.positive(2, tableRows);
          float[] g = Samples.normal(3, count * width);
          int[] rows = new int[count];
          for (int r = 0; r < count; r++) {
            rows[r] = count - r;
          }
          twin.compare(
              "row-wise adagrad of " + count + " rows of width " + width,
              side -> {
                Table w = side.table(width, weights);
                Table s = side.table(1, states);
                side.kernels()
                    .update()
                    .rowWiseAdagradRows(
                        w,
                        s,
                        new RowGradient.Summed(side.ints(rows), side.real(g), count),
                        RATE,
                        EPSILON);
                side.result(s, Bound.relative(width + 4));
                side.result(
                    w,
                    (i, exact) ->
                        Bound.U * Math.abs(exact)
                            + (width / 2.0 + 10) * Bound.U * Math.abs(exact - weights[i]));
              });
        }
      }
    }
  }

  /// Rows that stay, that lose some numbers, and that go to 0. Being nearest to a point, the result is off by no more than the
  /// point: l1 and its difference make 2 roundings of each number of the row, the length another half of its width and 4, each times a
  /// factor that is at most 1.
  @OnEveryDevice
  void proximal(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 3, 16, 24, 33}) {
        for (int count : new int[] {0, 1, 7, 1500}) {
          float[] weights = Samples.normal(1, (2 * count + 1) * width);
          int[] rows = new int[count];
          for (int r = 0; r < count; r++) {
            rows[r] = 2 * (count - r) - 1;
          }
          for (double l1 : new double[] {0, 0.3}) {
            for (double l21 : new double[] {0, 0.6 * Math.sqrt(width)}) {
              twin.compare(
                  "proximal, %d rows of width %d, %s, %s".formatted(count, width, l1, l21),
                  side -> {
                    UpdateKernels kernels = side.kernels().update();
                    Buffer dense = side.real(weights);
                    kernels.proximal(dense, count, width, l1, l21);
                    side.result(
                        dense,
                        (i, exact) -> i < count * width ? proximalBound(weights, i, width, l1) : 0);
                    Table table = side.table(width, weights);
                    kernels.proximalRows(table, side.ints(rows), count, l1, l21);
                    side.result(
                        table,
                        (i, exact) ->
                            i / width % 2 == 1 ? proximalBound(weights, i, width, l1) : 0);
                  });
            }
          }
        }
      }
    }
  }

  private static double proximalBound(float[] w, int i, int width, double l1) {
    double squares = 0;
    for (int k = i / width * width; k < (i / width + 1) * width; k++) {
      double size = Math.abs(w[k]) + l1;
      squares += size * size;
    }
    double own = (width / 2.0 + 6) * (Math.abs(w[i]) + l1);
    return Bound.U * (2 * Math.sqrt(squares) + own);
  }

  @OnEveryDevice
  void penalties(DeviceUnderTest device) {
    double l2 = 0.01;
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 3, 8, 16, 17, 33}) {
        for (int count : new int[] {0, 1, 7, 1500}) {
          int tableRows = 2 * count + 3;
          float[] weights = Samples.normal(1, tableRows * width);
          float[] g = Samples.normal(2, count * width);
          float[] scale = Samples.positive(3, count);
          int[] rows = new int[count];
          for (int r = 0; r < count; r++) {
            rows[r] = 2 * r + 1;
          }
          for (float @Nullable [] scales : Arrays.asList(null, scale)) {
            twin.compare(
                "penalties of " + count + " rows of width " + width,
                side -> {
                  UpdateKernels kernels = side.kernels().update();
                  Table w = side.table(width, weights);
                  Buffer given = side.ints(rows);
                  Buffer sums = side.real(g);
                  Buffer factors = scales == null ? null : side.real(scales);
                  kernels.addRowPenalty(sums, w, given, factors, count, l2);
                  side.result(
                      sums, (i, exact) -> Bound.U * (Math.abs(exact) + 4 * Math.abs(exact - g[i])));
                  double rowValues = (double) count * width;
                  side.result(
                      kernels.sumOfSquaresRows(w, given, count), Bound.relative(rowValues + 2));
                  side.result(
                      kernels.sumOfSquaresAll(w, 1),
                      Bound.relative((double) tableRows * width + 2));
                  kernels.decayAbsentRows(w, given, count, 0.375, 1);
                  side.result(
                      w,
                      (i, exact) ->
                          (i / width % 2 == 1 && i / width / 2 < count) || i < width
                              ? 0
                              : 3 * Bound.U * Math.abs(weights[i]));
                });
          }
        }
      }
    }
  }
}
