// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.JaggedKernels;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.SortKernels;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// Bags of rows, pooled, and back. All features of a lookup are one set of chunks: some bags of one feature each.
final class CpuJagged implements JaggedKernels {
  private final Chunks chunks;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<PooledRows> pooledRows = ThreadLocal.withInitial(PooledRows::new);

  CpuJagged(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void bags(
      Buffer y,
      @Nullable Buffer argmax,
      List<Bags> features,
      Buffer values,
      Buffer offsets,
      @Nullable Buffer weights,
      int batch) {
    int[] columns = new int[features.size() + 1];
    for (int f = 0; f < features.size(); f++) {
      columns[f + 1] = columns[f] + features.get(f).table().width();
    }
    int width = columns[features.size()];
    Lookup lookup = new Lookup(Floats.of(y), width, Ints.of(values), Ints.of(offsets));
    float @Nullable [] weight = weights == null ? null : Floats.of(weights);
    int bags = features.size() * batch;
    if (bags == 0) {
      return;
    }
    long perBag = 16 + 2L * width / features.size();
    long idsPerBag = 1L + lookup.offsets[bags] / bags;
    chunks.rows(
        bags,
        perBag * idsPerBag,
        (lo, hi) -> {
          PooledRows rows = pooledRows.get().of(lookup);
          for (int s = lo; s < hi; ) {
            int f = s / batch;
            int end = Math.min(hi, (f + 1) * batch);
            Bags feature = features.get(f);
            int at = (s - f * batch) * width + columns[f];
            if (feature.pooling() == Pooling.MAX) {
              rows.largest(Ints.of(needed(argmax)), feature, at, s, end);
            } else {
              rows.sums(weight, feature, at, s, end);
            }
            s = end;
          }
        });
  }

  /// What a lookup reads and writes. Bag s holds `values[offsets[s] … offsets[s+1])`; neighbouring bags' vectors are
  /// `stride` apart in y.
  @SuppressWarnings("ArrayRecordComponent") // a bundle of arguments
  record Lookup(float[] y, int stride, int[] values, int[] offsets) {
    /// Where in the ids the one of a bag stands that holds no more than one; −1 for an empty bag, and for `padding`.
    int onlyPlace(int bag, int padding) {
      int k = offsets[bag];
      return k == offsets[bag + 1] || values[k] == padding ? -1 : k;
    }
  }

  private static Buffer needed(@Nullable Buffer argmax) {
    if (argmax == null) {
      throw new IllegalArgumentException(
          "pooling MAX: no argmax. Expected a buffer for the places.");
    }
    return argmax;
  }

  @Override
  public void places(
      Buffer ids, Buffer source, int at, Buffer values, Buffer offsets, Slice slice) {
    int[] id = Ints.of(ids);
    int[] start = Ints.of(source);
    int[] from = Ints.of(values);
    int[] end = Ints.of(offsets);
    int put = at;
    int column = slice.column();
    for (int s = slice.first(); s < slice.first() + slice.batch(); s++) {
      for (int k = end[s]; k < end[s + 1]; k++) {
        if (from[k] != slice.padding()) {
          id[put] = from[k];
          start[put++] = column;
        }
      }
      column += slice.stride();
    }
  }

  @Override
  public void sumRows(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      @Nullable Buffer coefficient,
      int width) {
    float[] to = Floats.of(rowGradients);
    float[] from = Floats.of(dy);
    int[] segments = Ints.of(merged.segments());
    int first = merged.first();
    int[] order = Ints.of(merged.order());
    int[] at = Ints.of(source);
    float @Nullable [] factor = coefficient == null ? null : Floats.of(coefficient);
    if (merged.count() == 0) {
      return;
    }
    long perRow = 1L + (segments[first + merged.count()] - segments[first]) / merged.count();
    chunks.rows(
        merged.count(),
        perRow * (width + 16L),
        (lo, hi) -> {
          for (int g = lo; g < hi; g++) {
            if (factor == null) {
              sumRow(
                  to,
                  g * width,
                  from,
                  order,
                  at,
                  segments[first + g],
                  segments[first + g + 1],
                  width);
            } else {
              weightedSumRow(
                  to,
                  g * width,
                  from,
                  order,
                  at,
                  factor,
                  segments[first + g],
                  segments[first + g + 1],
                  width);
            }
          }
        });
  }

  /// y = Σ of the dy slices of the places `order[from … to)`.
  static void sumRow(
      float[] y, int yAt, float[] dy, int[] order, int[] source, int from, int to, int width) {
    System.arraycopy(dy, source[order[from]], y, yAt, width);
    for (int s = from + 1; s < to; s++) {
      Rows.add(y, yAt, dy, source[order[s]], width);
    }
  }

  /// As [#sumRow], each slice times the coefficient of its place.
  static void weightedSumRow(
      float[] y,
      int yAt,
      float[] dy,
      int[] order,
      int[] source,
      float[] coefficient,
      int from,
      int to,
      int width) {
    int first = order[from];
    Rows.scale(y, yAt, coefficient[first], dy, source[first], width);
    for (int s = from + 1; s < to; s++) {
      int i = order[s];
      Rows.addScaled(y, yAt, coefficient[i], dy, source[i], width);
    }
  }

  @Override
  public void sumRowsMax(
      Buffer rowGradients,
      Buffer dy,
      SortKernels.Merged merged,
      Buffer source,
      Buffer place,
      Buffer argmax,
      int width) {
    float[] to = Floats.of(rowGradients);
    float[] from = Floats.of(dy);
    int[] segments = Ints.of(merged.segments());
    int first = merged.first();
    int[] order = Ints.of(merged.order());
    int[] at = Ints.of(source);
    int[] places = Ints.of(place);
    int[] winners = Ints.of(argmax);
    if (merged.count() == 0) {
      return;
    }
    long perRow = 1L + (segments[first + merged.count()] - segments[first]) / merged.count();
    chunks.rows(
        merged.count(),
        2 * perRow * (width + 16L),
        (lo, hi) -> {
          for (int g = lo; g < hi; g++) {
            Rows.zero(to, g * width, width);
            for (int s = segments[first + g]; s < segments[first + g + 1]; s++) {
              int i = order[s];
              addWon(to, g * width, from, winners, at[i], places[i], width);
            }
          }
        });
  }

  /// y += dy where this place won.
  private static void addWon(
      float[] y, int yAt, float[] dy, int[] argmax, int at, int place, int width) {
    for (int d = 0; d < width; d++) {
      if (argmax[at + d] == place) {
        y[yAt + d] += dy[at + d];
      }
    }
  }

  @Override
  public void weightGradients(
      Buffer dw, Buffer dy, Table table, Buffer ids, Buffer source, int first, int end) {
    float[] to = Floats.of(dw);
    float[] from = Floats.of(dy);
    CpuTable t = CpuTable.of(table);
    int[] id = Ints.of(ids);
    int[] at = Ints.of(source);
    int width = t.width();
    chunks.rows(
        end - first,
        3L * width,
        (lo, hi) -> {
          float[] row = chunks.scratch(width);
          for (int i = first + lo; i < first + hi; i++) {
            TableRows.copy(row, 0, t.memory(), t.offset(id[i]), width);
            to[i] = Lanes.dot(row, 0, from, at[i], width);
          }
        });
  }

  @Override
  public void pool(
      Buffer y,
      @Nullable Buffer argmax,
      Buffer values,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(values);
    int[] start = Ints.of(offsets);
    int @Nullable [] place = pooling == Pooling.MAX ? Ints.of(needed(argmax)) : null;
    if (bags == 0) {
      return;
    }
    chunks.rows(
        bags,
        (1L + start[bags] / bags) * (width + 16L),
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            if (place != null) {
              largest(to, place, s * width, from, start[s], start[s + 1], width);
            } else {
              int count = start[s + 1] - start[s];
              Columns.sum(to, s * width, from, start[s] * width, count, width);
              scale(to, s * width, pooling, count, width);
            }
          }
        });
  }

  private static void scale(float[] y, int at, Pooling pooling, int count, int width) {
    float factor = PooledRows.factor(pooling, count, count, count);
    if (factor != 1) {
      Rows.scale(y, at, factor, y, at, width);
    }
  }

  private static void largest(
      float[] y, int[] argmax, int at, float[] values, int from, int to, int width) {
    if (from == to) {
      Rows.zero(y, at, width);
      Arrays.fill(argmax, at, at + width, -1);
      return;
    }
    System.arraycopy(values, from * width, y, at, width);
    Arrays.fill(argmax, at, at + width, from);
    for (int k = from + 1; k < to; k++) {
      Rows.max(y, argmax, at, values, k * width, k, width);
    }
  }

  @Override
  public void poolBackward(
      Buffer dx,
      Buffer dy,
      @Nullable Buffer argmax,
      Buffer offsets,
      Pooling pooling,
      int bags,
      int width) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    int[] start = Ints.of(offsets);
    int @Nullable [] place = pooling == Pooling.MAX ? Ints.of(needed(argmax)) : null;
    if (bags == 0) {
      return;
    }
    chunks.rows(
        bags,
        (1L + start[bags] / bags) * (width + 16L),
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            int count = start[s + 1] - start[s];
            float factor = PooledRows.factor(pooling, count, count, count);
            for (int k = start[s]; k < start[s + 1]; k++) {
              if (place == null) {
                Rows.scale(to, k * width, factor, from, s * width, width);
              } else {
                Rows.zero(to, k * width, width);
                passWon(to, k * width, from, place, s * width, k, width);
              }
            }
          }
        });
  }

  /// dx = dy where this place won.
  private static void passWon(
      float[] dx, int dxAt, float[] dy, int[] argmax, int at, int place, int width) {
    for (int d = 0; d < width; d++) {
      if (argmax[at + d] == place) {
        dx[dxAt + d] = dy[at + d];
      }
    }
  }

  @Override
  public void pad(Buffer y, Buffer values, Buffer offsets, int bags, int length, int width) {
    float[] to = Floats.of(y);
    float[] from = Floats.of(values);
    int[] start = Ints.of(offsets);
    int each = length * width;
    chunks.rows(
        bags,
        each + 16L,
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            int n = Math.min(length, start[s + 1] - start[s]) * width;
            System.arraycopy(from, start[s] * width, to, s * each, n);
            Rows.zero(to, s * each + n, each - n);
          }
        });
  }

  @Override
  public void padBackward(Buffer dx, Buffer dy, Buffer offsets, int bags, int length, int width) {
    float[] to = Floats.of(dx);
    float[] from = Floats.of(dy);
    int[] start = Ints.of(offsets);
    int each = length * width;
    chunks.rows(
        bags,
        each + 16L,
        (lo, hi) -> {
          for (int s = lo; s < hi; s++) {
            int all = (start[s + 1] - start[s]) * width;
            int n = Math.min(each, all);
            System.arraycopy(from, s * each, to, start[s] * width, n);
            Rows.zero(to, start[s] * width + n, all - n);
          }
        });
  }
}
