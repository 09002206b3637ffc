// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Table;

class GatherContractTest {
  /// outer, n, k, inner.
  private static final int[][] SIZES = {
    {1, 5, 0, 3},
    {0, 3, 4, 2},
    {1, 1, 1, 1},
    {1, 7, 31, 1},
    {3, 5, 9, 1},
    {1, 17, 33, 16},
    {2, 9, 7, 17},
    {5, 3, 64, 8},
    {1, 1000, 255, 31},
    {4, 50, 300, 40},
    {1, 100, 40_007, 1}
  };

  @OnEveryDevice
  void gatherAndScatterAdd(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int[] s : SIZES) {
        int outer = s[0];
        int n = s[1];
        int k = s[2];
        int inner = s[3];
        int[] ids = Samples.ids(1, k, n);
        float[] x = Samples.normal(2, outer * n * inner);
        float[] y = Samples.normal(3, outer * k * inner);
        double[] magnitudes = Samples.magnitudes(x);
        double[] terms = new double[x.length];
        for (int i = 0; i < y.length; i++) {
          int place = (i / (k * inner) * n + ids[i / inner % k]) * inner + i % inner;
          magnitudes[place] += Math.abs(y[i]);
          terms[place]++;
        }
        twin.compare(
            "gather " + Arrays.toString(s),
            side -> {
              Buffer places = side.ints(ids);
              Buffer rows = side.blank(y.length);
              side.kernels().gather().gather(rows, side.real(x), places, outer, n, k, inner);
              side.exact(rows);
              Buffer sums = side.real(x);
              side.kernels().gather().scatterAdd(sums, side.real(y), places, outer, n, k, inner);
              side.result(sums, (i, exact) -> terms[i] * Bound.U * magnitudes[i]);
            });
      }
    }
  }

  @OnEveryDevice
  void pick(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int rows : Samples.sizes()) {
        int n = rows % 5 + 1;
        int[] ids = Samples.ids(1, rows, n);
        float[] x = Samples.normal(2, rows * n);
        twin.compare(
            "pick from " + rows + " × " + n,
            side -> {
              Buffer places = side.ints(ids);
              Buffer y = side.blank(rows);
              side.kernels().gather().pick(y, side.real(x), places, rows, n);
              side.exact(y);
              Buffer dx = side.real(x);
              Buffer dy = side.real(Samples.normal(3, rows));
              side.kernels().gather().pickBackward(dx, dy, places, rows, n);
              side.result(dx, Bound.relative(1));
            });
      }
    }
  }

  @OnEveryDevice
  void rowsOfATable(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int width : new int[] {1, 2, 3, 7, 8, 16, 17, 33, 64}) {
        for (int k : new int[] {0, 1, 17, 1000}) {
          float[] values = Samples.normal(1, 40 * width);
          twin.compare(
              k + " rows of width " + width,
              side -> {
                Table table = side.table(width, values);
                Buffer y = side.blank(k * width);
                side.kernels().gather().rows(y, table, side.ints(Samples.ids(2, k, 40)), k);
                side.exact(y);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void merge(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        for (int bound : new int[] {1, 2, 255, 257, 1 << 16, 5_000_011, Integer.MAX_VALUE}) {
          int[] ids = Samples.ids(n, n, bound);
          for (int i = 0; i < n; i += 3) {
            ids[i] = ids[i / 2]; // duplicates, whatever the bound
          }
          if (n > 1) {
            ids[n / 2] = bound - 1;
          }
          twin.compare(
              "merge of " + n + " ids below " + bound,
              side -> {
                Buffer rows = side.blank(Kind.INT, n);
                Buffer segments = side.blank(Kind.INT, n + 1);
                Buffer order = side.blank(Kind.INT, n);
                int count =
                    side.kernels().sort().merge(rows, segments, order, side.ints(ids), n, bound);
                side.result(count, Bound.none());
                side.exact(rows, count);
                side.exact(segments, count + 1);
                side.exact(order);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void listsMergeEachByItself(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      int[] starts = {2, 2, 3, 40, 5000, 5000, 5257, 5300};
      int[] bounds = {5, 1, 9, 1 << 20, 3, 70_000, 2};
      int n = starts[bounds.length] + 3; // what lies before and behind the lists is none of theirs
      int[] ids = new int[n];
      for (int l = 0; l < bounds.length; l++) {
        int[] list = Samples.ids(l, starts[l + 1] - starts[l], bounds[l]);
        System.arraycopy(list, 0, ids, starts[l], list.length);
      }
      twin.compare(
          "merge of " + bounds.length + " lists",
          side -> {
            List<Buffer> rows = new ArrayList<>();
            for (int l = 0; l < bounds.length; l++) {
              rows.add(side.blank(Kind.INT, starts[l + 1] - starts[l]));
            }
            Buffer segments = side.ints(new int[n + bounds.length]);
            Buffer order = side.ints(new int[n]);
            int[] counts =
                side.kernels().sort().merge(rows, segments, order, side.ints(ids), starts, bounds);
            for (int l = 0; l < bounds.length; l++) {
              side.result(counts[l], Bound.none());
              side.exact(rows.get(l), counts[l]);
              int[] all = new int[n + bounds.length];
              side.device().download(all, segments);
              for (int g = 0; g <= counts[l]; g++) {
                side.result(all[starts[l] + l + g], Bound.none());
              }
            }
            side.exact(order);
          });
    }
  }
}
