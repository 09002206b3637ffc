// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Sums over the rows of a matrix `[m, n]`: the gradient of a bias.
///
/// The rows are cut into at most 16 parts, by m alone; each part is added row by row, then the parts
/// are added in order. A term passes through at most ⌈m/16⌉ + 47 roundings.
final class ColumnSum {
  private static final int PARTS = 16;

  /// Rows below which a part would cost more to add up than it saves.
  private static final int PART_ROWS = 32;

  /// Rows that are derived before they are added up: whole blocks of 16, whatever their width.
  private static final int TOGETHER = 16;

  /// Elements below which the parts run on the calling thread.
  private static final int PARALLEL_WORK = 1 << 15;

  private final Workers workers;

  // One per object, and objects live as long as their device.
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<float[]> partials = ThreadLocal.withInitial(() -> new float[0]);

  ColumnSum(Workers workers) {
    this.workers = workers;
  }

  /// `out[j] (+)= Σᵢ x[i, j]`: x `[m, n]` not transposed, out `[n]`.
  void sum(Matrix x, int m, int n, float[] out, int outOffset, boolean accumulate) {
    float[] parts = parts(m, n);
    float[] data = x.data();
    run(
        m,
        n,
        (part, first, end) -> {
          for (int i = first; i < end; i++) {
            addRow(data, x.index(i, 0), parts, part * n, n);
          }
        });
    addParts(parts, m, n, out, outOffset, accumulate);
  }

  /// The backward pass of y = max(z, 0) and of the bias inside z, in one walk over the rows:
  ///
  /// ```
  /// dz[i, j] = dy[i, j] where y[i, j] > 0, else 0;   db[j] (+)= Σᵢ dz[i, j]
  /// ```
  ///
  /// dz may be dy. All matrices are `[m, n]` without gaps between their rows.
  void reluBackward(float[] dz, float[] dy, float[] y, Bias db, int m, int n) {
    float[] parts = parts(m, n);
    run(
        m,
        n,
        (part, first, end) -> {
          for (int i = first; i < end; i++) {
            maskAndAddRow(dz, dy, y, i * n, parts, part * n, n);
          }
        });
    addParts(parts, m, n, db.data(), db.offset(), db.accumulate());
  }

  /// Whether [#backward] takes a matrix: its loops run over blocks of 16, of which no two parts share one where a row is made of
  /// them, or else a part.
  boolean evenParts(int m, int n) {
    int parts = parts(m);
    return n % Lanes.LANES == 0 || (m % parts == 0 && (long) (m / parts) * n % Lanes.LANES == 0);
  }

  /// As [#reluBackward], of another activation, whose derivative the loop reads off from y: a few rows at a time, which are added up
  /// while they are near. The matrix has [#evenParts].
  void backward(
      UnaryGradients.Loop loop, float[] dz, float[] dy, float[] y, Bias db, int m, int n) {
    float[] parts = parts(m, n);
    run(
        m,
        n,
        (part, first, end) -> {
          for (int i = first; i < end; i += TOGETHER) {
            int to = Math.min(end, i + TOGETHER);
            loop.run(dz, dy, y, y, i * n, to * n, 0, 0);
            addRows(dz, i, to, n, parts, part);
          }
        });
    addParts(parts, m, n, db.data(), db.offset(), db.accumulate());
  }

  private static void addRows(float[] x, int from, int to, int n, float[] parts, int part) {
    for (int i = from; i < to; i++) {
      addRow(x, i * n, parts, part * n, n);
    }
  }

  /// Where the gradient of a bias goes, and whether it is added to what is there.
  record Bias(float[] data, int offset, boolean accumulate) {}

  private interface Rows {
    void add(int part, int first, int end);
  }

  private static int parts(int m) {
    return Math.clamp((m + PART_ROWS - 1) / PART_ROWS, 1, PARTS);
  }

  private float[] parts(int m, int n) {
    int size = parts(m) * n;
    float[] buffer = partials.get();
    if (buffer.length < size) {
      buffer = new float[size];
      partials.set(buffer);
    }
    Arrays.fill(buffer, 0, size, 0f);
    return buffer;
  }

  private void run(int m, int n, Rows rows) {
    int parts = parts(m);
    if ((long) m * n < PARALLEL_WORK) {
      for (int part = 0; part < parts; part++) {
        rows.add(part, share(m, part, parts), share(m, part + 1, parts));
      }
    } else {
      workers.run(parts, part -> rows.add(part, share(m, part, parts), share(m, part + 1, parts)));
    }
  }

  private static int share(int m, int part, int parts) {
    return (int) ((long) m * part / parts);
  }

  private static void addParts(
      float[] parts, int m, int n, float[] out, int offset, boolean accumulate) {
    if (!accumulate) {
      Arrays.fill(out, offset, offset + n, 0f);
    }
    for (int part = 0; part < parts(m); part++) {
      addRow(parts, part * n, out, offset, n);
    }
  }

  private static void addRow(float[] x, int at, float[] sum, int sumAt, int n) {
    int j = 0;
    for (; j <= n - Lanes.WIDTH; j += Lanes.WIDTH) {
      FloatVector.fromArray(Lanes.SPECIES, sum, sumAt + j)
          .add(FloatVector.fromArray(Lanes.SPECIES, x, at + j))
          .intoArray(sum, sumAt + j);
    }
    for (; j < n; j++) {
      sum[sumAt + j] += x[at + j];
    }
  }

  private static void maskAndAddRow(
      float[] dz, float[] dy, float[] y, int at, float[] sum, int sumAt, int n) {
    int j = 0;
    for (; j <= n - Lanes.WIDTH; j += Lanes.WIDTH) {
      VectorMask<Float> passes =
          FloatVector.fromArray(Lanes.SPECIES, y, at + j).compare(VectorOperators.GT, 0f);
      FloatVector d =
          FloatVector.zero(Lanes.SPECIES)
              .blend(FloatVector.fromArray(Lanes.SPECIES, dy, at + j), passes);
      d.intoArray(dz, at + j);
      FloatVector.fromArray(Lanes.SPECIES, sum, sumAt + j).add(d).intoArray(sum, sumAt + j);
    }
    for (; j < n; j++) {
      float d = y[at + j] > 0 ? dy[at + j] : 0f;
      dz[at + j] = d;
      sum[sumAt + j] += d;
    }
  }
}
