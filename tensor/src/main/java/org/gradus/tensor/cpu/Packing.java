// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/// Copies the operands of a product into the order in which the inner loops read them.
final class Packing {
  /// Steps of k that a transposing copy takes together: the floats of one cache line.
  private static final int LINE = 16;

  private Packing() {}

  /// Packs steps from…to−1 of one panel of B, of product s of a batch: each step becomes a row as wide as the panel's vectors.
  static void panel(
      Product p,
      int s,
      GemmPart.Slab slab,
      int panel,
      int from,
      int to,
      float[] buffer,
      float[] packed) {
    Matrix b = p.b();
    int source = b.index(s, slab.step() + from, slab.column() + panel * GemmPart.COLUMNS);
    int row = slab.vectors(panel) * Lanes.WIDTH;
    int target = slab.start(panel) + from * row;
    int width = slab.width(panel);
    if (b.transposed()) {
      transpose(b.data(), source, b.stride(), width, to - from, buffer, packed, target, row);
    } else if (width == GemmPart.COLUMNS) {
      wholeRows(b.data(), source, b.stride(), to - from, packed, target);
    } else {
      narrowRows(b.data(), source, b.stride(), width, to - from, packed, target, row);
    }
  }

  /// Packs `rows` rows and kc steps of A: each step becomes `tileRows` values, of which those beyond `rows` are nobody's. Up to
  /// [Transposing#SIDE] values behind the strip may be overwritten.
  static void strip(
      Matrix a,
      int source,
      int rows,
      int kc,
      float[] buffer,
      float[] packed,
      int at,
      int tileRows) {
    if (!a.transposed()) {
      transpose(a.data(), source, a.stride(), rows, kc, buffer, packed, at, tileRows);
    } else {
      narrowRows(a.data(), source, a.stride(), rows, kc, packed, at, tileRows);
    }
  }

  /// Copies kc steps of a few rows of A, a fixed number of places from one to the next: [CopiedRowTiles#STRIDE].
  static void rows(Matrix a, int source, int rows, int kc, float[] packed, int at) {
    for (int i = 0; i < rows; i++) {
      System.arraycopy(
          a.data(), source + i * a.stride(), packed, at + i * CopiedRowTiles.STRIDE, kc);
    }
  }

  /// Packs whole strips of a transposed A, one behind the other from the start of `packed`. Steps are its rows, so strips that lie side by
  /// side are packed together: the numbers of one alone are fewer than a cache line.
  static void strips(Matrix a, int source, int strips, int kc, float[] packed) {
    float[] in = a.data();
    int stride = a.stride();
    int rows = GemmPart.ROWS;
    int strip = rows * kc;
    int reach = (rows + Lanes.WIDTH - 1) / Lanes.WIDTH * Lanes.WIDTH;
    int last = (strips - 1) * rows + reach;
    int safe = Math.max(0, Math.min(kc - 1, (in.length - last - source) / stride));
    int together = strips / 4 * 4;
    for (int s = 0; s < together; s += 4) {
      fourStrips(in, source + s * rows, stride, safe, packed, s * strip, strip);
    }
    for (int s = together; s < strips; s++) {
      oneStrip(in, source + s * rows, stride, safe, packed, s * strip);
    }
    for (int s = 0; s < strips; s++) {
      for (int k = safe; k < kc; k++) {
        System.arraycopy(in, source + k * stride + s * rows, packed, s * strip + k * rows, rows);
      }
    }
  }

  /// Copies whole vectors for each step: what is too much is overwritten by the next step, and the last steps are copied exactly.
  private static void oneStrip(float[] in, int source, int stride, int steps, float[] out, int at) {
    for (int k = 0; k < steps; k++) {
      for (int i = 0; i < GemmPart.ROWS; i += Lanes.WIDTH) {
        FloatVector.fromArray(Lanes.SPECIES, in, source + k * stride + i)
            .intoArray(out, at + k * GemmPart.ROWS + i);
      }
    }
  }

  private static void fourStrips(
      float[] in, int source, int stride, int steps, float[] out, int at, int strip) {
    for (int k = 0; k < steps; k++) {
      int from = source + k * stride;
      int to = at + k * GemmPart.ROWS;
      for (int i = 0; i < GemmPart.ROWS; i += Lanes.WIDTH) {
        FloatVector.fromArray(Lanes.SPECIES, in, from + i).intoArray(out, to + i);
        FloatVector.fromArray(Lanes.SPECIES, in, from + GemmPart.ROWS + i)
            .intoArray(out, to + strip + i);
        FloatVector.fromArray(Lanes.SPECIES, in, from + 2 * GemmPart.ROWS + i)
            .intoArray(out, to + 2 * strip + i);
        FloatVector.fromArray(Lanes.SPECIES, in, from + 3 * GemmPart.ROWS + i)
            .intoArray(out, to + 3 * strip + i);
      }
    }
  }

  /// out[k · row + j] = in[j · stride + k] for j < lines and k < steps. What lies between the lines and the end of a row is nobody's:
  /// no element of C that is kept reads it.
  ///
  /// @param buffer of [Transposing#BUFFER] floats
  static void transpose(
      float[] in,
      int source,
      int stride,
      int lines,
      int steps,
      float[] buffer,
      float[] out,
      int at,
      int row) {
    int side = Transposing.SIDE;
    int tiled = Lanes.WIDTH < side ? 0 : steps - steps % side;
    if (tiled > 0) {
      for (int first = 0; first < lines; first += side) {
        int some = Math.min(side, lines - first);
        int from = source + first * stride;
        Transposing.tiles(in, from, stride, some, tiled, buffer, out, at + first, row);
      }
    }
    for (int first = tiled; first < steps; first += LINE) {
      int end = Math.min(steps, first + LINE);
      for (int j = 0; j < lines; j++) {
        int line = source + j * stride;
        for (int k = first; k < end; k++) {
          out[at + k * row + j] = in[line + k];
        }
      }
    }
  }

  private static void wholeRows(
      float[] in, int source, int stride, int steps, float[] out, int at) {
    for (int k = 0; k < steps; k++) {
      int from = source + k * stride;
      int to = at + k * GemmPart.COLUMNS;
      FloatVector.fromArray(Lanes.SPECIES, in, from).intoArray(out, to);
      FloatVector.fromArray(Lanes.SPECIES, in, from + Lanes.WIDTH).intoArray(out, to + Lanes.WIDTH);
    }
  }

  /// Copies `width` values for each row, with zeros behind them, in whole vectors: what is too much is overwritten by the next row.
  /// The last rows are copied exactly.
  private static void narrowRows(
      float[] in, int source, int stride, int width, int steps, float[] out, int at, int row) {
    int reach = row <= Lanes.WIDTH ? Lanes.WIDTH : 2 * Lanes.WIDTH;
    int safe = Math.max(0, Math.min(steps - 1, (in.length - reach - source) / stride));
    if (reach == Lanes.WIDTH) {
      oneVector(in, source, stride, width, safe, out, at, row);
    } else {
      twoVectors(in, source, stride, width, safe, out, at, row);
    }
    for (int k = safe; k < steps; k++) {
      int to = at + k * row;
      System.arraycopy(in, source + k * stride, out, to, width);
      Arrays.fill(out, to + width, to + row, 0f);
    }
  }

  private static void oneVector(
      float[] in, int source, int stride, int width, int steps, float[] out, int at, int row) {
    VectorMask<Float> wanted = Lanes.upTo(0, width);
    FloatVector zero = FloatVector.zero(Lanes.SPECIES);
    for (int k = 0; k < steps; k++) {
      zero.blend(FloatVector.fromArray(Lanes.SPECIES, in, source + k * stride), wanted)
          .intoArray(out, at + k * row);
    }
  }

  private static void twoVectors(
      float[] in, int source, int stride, int width, int steps, float[] out, int at, int row) {
    VectorMask<Float> first = Lanes.upTo(0, width);
    VectorMask<Float> second = Lanes.upTo(Lanes.WIDTH, Math.max(Lanes.WIDTH, width));
    FloatVector zero = FloatVector.zero(Lanes.SPECIES);
    for (int k = 0; k < steps; k++) {
      int from = source + k * stride;
      int to = at + k * row;
      zero.blend(FloatVector.fromArray(Lanes.SPECIES, in, from), first).intoArray(out, to);
      zero.blend(FloatVector.fromArray(Lanes.SPECIES, in, from + Lanes.WIDTH), second)
          .intoArray(out, to + Lanes.WIDTH);
    }
  }
}
