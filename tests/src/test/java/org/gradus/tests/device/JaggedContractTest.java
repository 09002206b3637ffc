// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.JaggedKernels.Slice;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Table;
import org.jspecify.annotations.Nullable;

class JaggedContractTest {
  private static final int ROWS = 23;

  /// One lookup: features of these widths, all pooled alike, over one shared set of bags.
  private record Lookup(int batch, int[] widths, Pooling pooling, int paddingId, int longest) {
    int width() {
      return Arrays.stream(widths).sum();
    }

    int[] offsets() {
      return Samples.offsets(batch, batch * widths.length, longest);
    }

    float[] rows(int feature) {
      return Samples.normal(feature, ROWS * widths[feature]);
    }

    /// Σ |a v| / |divisor| times the roundings of K terms and of the divisor, by the definition; weights are positive.
    Bound bound(int[] values, float @Nullable [] weights) {
      int[] offsets = offsets();
      double[] bounds = new double[batch * width()];
      int column = 0;
      for (int f = 0; f < widths.length; f++) {
        float[] rows = rows(f);
        for (int b = 0; b < batch; b++) {
          for (int d = 0; d < widths[f]; d++) {
            double sum = 0;
            double total = 0;
            double squares = 0;
            int count = 0;
            for (int k = offsets[f * batch + b]; k < offsets[f * batch + b + 1]; k++) {
              if (values[k] != paddingId) {
                double a = weights == null ? 1 : weights[k];
                sum += Math.abs(a * rows[values[k] * widths[f] + d]);
                total += a;
                squares += a * a;
                count++;
              }
            }
            double divisor =
                switch (pooling) {
                  case SUM, MAX -> 1;
                  case MEAN -> total;
                  case MEAN_COUNT -> count;
                  case SQRTN -> Math.sqrt(squares);
                };
            bounds[b * width() + column + d] =
                pooling == Pooling.MAX || count == 0
                    ? 0
                    : (2 * count + 8) * Bound.U * sum / divisor;
          }
        }
        column += widths[f];
      }
      return (i, exact) -> bounds[i];
    }
  }

  private static List<Lookup> lookups() {
    List<Lookup> all = new ArrayList<>();
    for (Pooling pooling : Pooling.values()) {
      all.add(new Lookup(0, new int[] {4}, pooling, -1, 3));
      all.add(new Lookup(1, new int[] {1}, pooling, -1, 5));
      all.add(new Lookup(7, new int[] {16}, pooling, -1, 4));
      all.add(new Lookup(9, new int[] {3, 17, 1}, pooling, 0, 6));
      all.add(new Lookup(40, new int[] {1, 16, 10, 1, 48}, pooling, 0, 1)); // no bag of two
      all.add(new Lookup(33, new int[] {8, 8}, pooling, 2, 33));
      all.add(new Lookup(255, new int[] {33, 31, 2, 16}, pooling, 0, 3));
      all.add(
          new Lookup(
              5,
              new int[] {127, 128, 129},
              pooling,
              1,
              4)); // as wide as what is summed in registers
      int[] many = new int[70]; // more features than a kernel may take at once
      Arrays.setAll(many, f -> 1 + f % 3);
      all.add(new Lookup(3, many, pooling, 0, 2));
      all.add(new Lookup(3, new int[] {256, 300}, pooling, -1, 40));
    }
    return all;
  }

  @OnEveryDevice
  void bags(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Lookup l : lookups()) {
        int[] offsets = l.offsets();
        int n = offsets[offsets.length - 1];
        int[] values = Samples.ids(5, n, ROWS);
        float[] positive = Samples.positive(6, n);
        for (float @Nullable [] weights : Arrays.asList(null, positive)) {
          if (weights != null && l.pooling == Pooling.MAX) {
            continue; // a maximum takes none
          }
          Bound bound = l.bound(values, weights);
          twin.compare(
              l + Arrays.toString(l.widths) + (weights == null ? "" : " weighted"),
              side -> {
                List<Bags> features = new ArrayList<>();
                for (int f = 0; f < l.widths.length; f++) {
                  Table table = side.table(l.widths[f], l.rows(f));
                  features.add(new Bags(table, l.pooling, l.paddingId));
                }
                Buffer y = side.blank(l.batch * l.width());
                Buffer argmax = l.pooling == Pooling.MAX ? side.blank(Kind.INT, y.length()) : null;
                Buffer a = weights == null ? null : side.real(weights);
                side.kernels()
                    .jagged()
                    .bags(y, argmax, features, side.ints(values), side.ints(offsets), a, l.batch);
                side.result(y, bound);
                if (argmax != null) {
                  side.exact(argmax);
                }
              });
        }
      }
    }
  }

  /// Features that pool differently in one lookup, sharing a table.
  @OnEveryDevice
  void mixedPoolings(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      int batch = 17;
      int[] offsets = Samples.offsets(3, batch * Pooling.values().length, 4);
      int n = offsets[offsets.length - 1];
      float[] rows = Samples.normal(1, ROWS * 5);
      double[] largest = new double[1];
      for (float row : rows) {
        largest[0] = Math.max(largest[0], Math.abs(row));
      }
      twin.compare(
          "five poolings at once",
          side -> {
            Table table = side.table(5, rows);
            List<Bags> features = new ArrayList<>();
            for (Pooling pooling : Pooling.values()) {
              features.add(new Bags(table, pooling, pooling == Pooling.MEAN ? -1 : 1));
            }
            Buffer y = side.blank(batch * 25);
            Buffer argmax = side.ints(new int[batch * 25]);
            Buffer values = side.ints(Samples.ids(4, n, ROWS));
            side.kernels()
                .jagged()
                .bags(y, argmax, features, values, side.ints(offsets), null, batch);
            // At most 4 terms a bag.
            side.result(y, Bound.absolute(4 + 8, 4 * largest[0]));
          });
    }
  }

  private static Merged merge(Side side, int[] ids) {
    int n = ids.length;
    Buffer rows = side.blank(Kind.INT, n);
    Buffer segments = side.blank(Kind.INT, n + 1);
    Buffer order = side.blank(Kind.INT, n);
    int count = side.kernels().sort().merge(rows, segments, order, side.ints(ids), n, ROWS);
    return new Merged(rows, segments, order, count);
  }

  @OnEveryDevice
  void rowGradients(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 2, 7, 8, 16, 17, 33, 64, 127, 128, 129, 256, 300}) {
        for (int n : width < 100 ? new int[] {0, 1, 5, 31, 255, 3000} : new int[] {1, 70, 255}) {
          int batch = n / 2 + 1;
          int dyWidth = width + 3;
          float[] dy = Samples.normal(1, batch * dyWidth);
          int[] ids = Samples.ids(2, n, ROWS);
          int[] source = Samples.ids(3, n, batch);
          int[] argmax = Samples.ids(4, dy.length, Math.max(1, n));
          float[] coefficient = Samples.normal(5, n);
          int[] place = new int[n];
          for (int i = 0; i < n; i++) {
            source[i] = source[i] * dyWidth + 2;
            place[i] = i;
            argmax[source[i]] = i; // so that someone wins
          }
          int[] number = new int[ROWS]; // of each row among the distinct ones
          int[] distinct = Arrays.stream(ids).distinct().sorted().toArray();
          for (int g = 0; g < distinct.length; g++) {
            number[distinct[g]] = g;
          }
          double[] magnitudes = new double[distinct.length * width];
          for (int i = 0; i < n; i++) {
            for (int d = 0; d < width; d++) {
              magnitudes[number[ids[i]] * width + d] +=
                  Math.abs(dy[source[i] + d]) * Math.max(1, Math.abs(coefficient[i]));
            }
          }
          Bound bound = Bound.of(n + 2, magnitudes);
          float[] table = Samples.normal(6, ROWS * width);
          twin.compare(
              n + " terms of width " + width,
              side -> {
                var kernels = side.kernels().jagged();
                Merged merged = merge(side, ids);
                Buffer up = side.real(dy);
                Buffer from = side.ints(source);
                Buffer plain = side.blank(distinct.length * width);
                kernels.sumRows(plain, up, merged, from, null, width);
                side.result(plain, bound);
                Buffer weighted = side.blank(distinct.length * width);
                kernels.sumRows(weighted, up, merged, from, side.real(coefficient), width);
                side.result(weighted, bound);
                Buffer winners = side.blank(distinct.length * width);
                kernels.sumRowsMax(
                    winners, up, merged, from, side.ints(place), side.ints(argmax), width);
                side.result(winners, bound);
                Buffer dw = side.blank(n);
                Table t = side.table(width, table);
                Buffer id = side.ints(ids);
                kernels.weightGradients(dw, up, t, id, from, 0, n / 2);
                kernels.weightGradients(dw, up, t, id, from, n / 2, n);
                side.result(
                    dw,
                    (i, exact) -> {
                      double sum = 0;
                      for (int d = 0; d < width; d++) {
                        sum += Math.abs(table[ids[i] * width + d] * dy[source[i] + d]);
                      }
                      return (width + 2) * Bound.U * sum;
                    });
              });
        }
      }
    }
  }

  @OnEveryDevice
  void placesPassOverPadding(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int batch : new int[] {1, 2, 70, 600, 1025}) {
        for (int padding : new int[] {-1, 0, 3}) {
          int features = 3;
          int[] offsets = Samples.offsets(batch, batch * features, 4);
          int[] values = Samples.ids(padding + 1, offsets[offsets.length - 1], 5);
          int[] feature = Arrays.copyOfRange(values, offsets[batch], offsets[2 * batch]);
          int count = (int) Arrays.stream(feature).filter(id -> id != padding).count();
          twin.compare(
              "places of " + batch + " bags, padding " + padding,
              side -> {
                Buffer ids = side.ints(new int[count + 9]);
                Buffer source = side.ints(new int[count + 9]);
                side.kernels()
                    .jagged()
                    .places(
                        ids,
                        source,
                        4,
                        side.ints(values),
                        side.ints(offsets),
                        new Slice(batch, batch, padding, 17, 100));
                side.exact(ids);
                side.exact(source);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void poolAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int bags : new int[] {0, 1, 2, 7, 33, 500}) {
        for (int width : new int[] {1, 3, 8, 16, 17, 33}) {
          int[] offsets = Samples.offsets(bags, bags, 9);
          int n = offsets[bags];
          float[] x = Samples.normal(1, n * width);
          for (int i = 0; i < x.length; i += 2) {
            x[i] = Math.round(x[i]); // ties
          }
          double[] magnitudes = new double[bags * width];
          for (int s = 0; s < bags; s++) {
            for (int k = offsets[s] * width; k < offsets[s + 1] * width; k++) {
              magnitudes[s * width + k % width] += Math.abs(x[k]);
            }
          }
          for (Pooling pooling : Pooling.values()) {
            boolean max = pooling == Pooling.MAX;
            twin.compare(
                pooling + " of " + bags + " bags, width " + width,
                side -> {
                  Buffer y = side.blank(bags * width);
                  Buffer argmax = max ? side.blank(Kind.INT, bags * width) : null;
                  Buffer at = side.ints(offsets);
                  var kernels = side.kernels().jagged();
                  kernels.pool(y, argmax, side.real(x), at, pooling, bags, width);
                  side.result(y, max ? Bound.none() : Bound.of(9 + 4, magnitudes));
                  if (argmax != null) {
                    side.exact(argmax);
                  }
                  Buffer dx = side.blank(n * width);
                  Buffer dy = side.real(Samples.normal(2, bags * width));
                  kernels.poolBackward(dx, dy, argmax, at, pooling, bags, width);
                  side.result(dx, max ? Bound.none() : Bound.relative(4));
                });
          }
        }
      }
    }
  }

  @OnEveryDevice
  void padAndItsBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int bags : new int[] {0, 1, 2, 7, 33, 500}) {
        for (int length : new int[] {0, 1, 4, 9}) {
          int width = bags % 2 == 0 ? 17 : 8;
          int[] offsets = Samples.offsets(bags, bags, 6);
          int n = offsets[bags] * width;
          twin.compare(
              bags + " bags padded to " + length,
              side -> {
                Buffer at = side.ints(offsets);
                Buffer y = side.blank(bags * length * width);
                Buffer x = side.real(Samples.normal(1, n));
                side.kernels().jagged().pad(y, x, at, bags, length, width);
                side.exact(y);
                Buffer dx = side.blank(n);
                Buffer dy = side.real(Samples.normal(2, bags * length * width));
                side.kernels().jagged().padBackward(dx, dy, at, bags, length, width);
                side.exact(dx);
              });
        }
      }
    }
  }
}
