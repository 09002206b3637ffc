// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.cpu.CpuJagged.Lookup;
import org.jspecify.annotations.Nullable;

/// Pools bags `from … to−1` of one feature; `at` is where the first of their vectors goes. A thread keeps one object.
final class PooledRows {
  private Lookup lookup = new Lookup(new float[0], 0, new int[0], new int[0]);

  /// Bags of this lookup from here on.
  PooledRows of(Lookup lookup) {
    this.lookup = lookup;
    return this;
  }

  void sums(float @Nullable [] weights, Bags feature, int at, int from, int to) {
    CpuTable table = CpuTable.of(feature.table());
    int padding = feature.paddingId();
    if (weights != null) {
      for (int s = from; s < to; s++) {
        weightedSum(weights, feature, at + (s - from) * lookup.stride(), s);
      }
      return;
    }
    if (atMostOne(lookup.offsets(), from, to)) {
      if (table.width() == 1) {
        numbers(table, padding, at, from, to);
      } else {
        rows(table, padding, at, from, to);
      }
      return;
    }
    float[] y = lookup.y();
    int[] values = lookup.values();
    int[] offsets = lookup.offsets();
    int width = table.width();
    int put = at;
    for (int s = from; s < to; s++) {
      int count = count(values, offsets[s], offsets[s + 1], padding);
      if (count == 0) {
        Rows.zero(y, put, width);
      } else {
        TableRows.sum(y, put, table, values, offsets[s], offsets[s + 1], padding);
        finish(y, put, factor(feature.pooling(), count, count, count), width);
      }
      put += lookup.stride();
    }
  }

  private static boolean atMostOne(int[] offsets, int from, int to) {
    int more = 0;
    for (int s = from; s < to; s++) {
      more |= (offsets[s + 1] - offsets[s]) >> 1;
    }
    return more == 0;
  }

  /// Bags of one id, or none: under every pooling a row as it is, or zeros. A loop with nothing else in it takes half as long.
  private void rows(CpuTable table, int padding, int at, int from, int to) {
    float[] y = lookup.y();
    int[] values = lookup.values();
    MemorySegment memory = table.memory();
    int width = table.width();
    int put = at;
    for (int s = from; s < to; s++) {
      int k = lookup.onlyPlace(s, padding);
      if (k < 0) {
        Rows.zero(y, put, width);
      } else {
        TableRows.copyInlined(y, put, memory, table.offset(values[k]), width);
      }
      put += lookup.stride();
    }
  }

  /// As [#rows], of tables with one number a row.
  private void numbers(CpuTable table, int padding, int at, int from, int to) {
    float[] y = lookup.y();
    int[] values = lookup.values();
    int put = at;
    for (int s = from; s < to; s++) {
      int k = lookup.onlyPlace(s, padding);
      y[put] = k < 0 ? 0 : table.get(values[k]);
      put += lookup.stride();
    }
  }

  /// How many ids of a bag name a row that is added.
  private static int count(int[] values, int from, int to, int padding) {
    int count = 0;
    for (int k = from; k < to; k++) {
      count += values[k] == padding ? 0 : 1;
    }
    return count;
  }

  private void weightedSum(float[] weights, Bags feature, int yAt, int bag) {
    CpuTable table = CpuTable.of(feature.table());
    float[] y = lookup.y();
    int width = table.width();
    int count = 0;
    float sum = 0;
    float squares = 0;
    Rows.zero(y, yAt, width);
    for (int k = lookup.offsets()[bag]; k < lookup.offsets()[bag + 1]; k++) {
      int id = lookup.values()[k];
      if (id == feature.paddingId()) {
        continue;
      }
      float a = weights[k];
      TableRows.addScaled(y, yAt, a, table.memory(), table.offset(id), width);
      count++;
      sum += a;
      squares += a * a;
    }
    finish(y, yAt, factor(feature.pooling(), count, sum, squares), width);
  }

  private static void finish(float[] y, int yAt, float factor, int width) {
    if (factor == 0) {
      Rows.zero(y, yAt, width);
    } else if (factor != 1) {
      Rows.scale(y, yAt, factor, y, yAt, width);
    }
  }

  /// What the sum of a bag is multiplied by: count is K, sum Σ aₖ, squares Σ aₖ². 0 where the definition says 0.
  static float factor(Pooling pooling, int count, float sum, float squares) {
    float divisor =
        switch (pooling) {
          case SUM, MAX -> 1;
          case MEAN -> sum;
          case MEAN_COUNT -> count;
          case SQRTN -> (float) Math.sqrt(squares);
        };
    return divisor == 0 ? 0 : 1 / divisor;
  }

  void largest(int[] argmax, Bags feature, int at, int from, int to) {
    CpuTable table = CpuTable.of(feature.table());
    int width = table.width();
    float[] y = lookup.y();
    float[] row = new float[width + Lanes.LANES];
    for (int s = from; s < to; s++) {
      int put = at + (s - from) * lookup.stride();
      boolean empty = true;
      for (int k = lookup.offsets()[s]; k < lookup.offsets()[s + 1]; k++) {
        int id = lookup.values()[k];
        if (id == feature.paddingId()) {
          continue;
        }
        if (empty) {
          TableRows.copy(y, put, table.memory(), table.offset(id), width);
          Arrays.fill(argmax, put, put + width, k);
          empty = false;
        } else {
          TableRows.copy(row, 0, table.memory(), table.offset(id), width);
          Rows.max(y, argmax, put, row, 0, k, width);
        }
      }
      if (empty) {
        Rows.zero(y, put, width);
        Arrays.fill(argmax, put, put + width, -1);
      }
    }
  }
}
