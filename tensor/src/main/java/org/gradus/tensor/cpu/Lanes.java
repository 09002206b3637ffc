// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Reductions of a range of floats, with the same bits at every vector width.
///
/// Element i of a range belongs to logical lane i mod 16. Each lane is summed in the order of the
/// range, then the lanes are added in a fixed tree: l and l + 8, then l and l + 4, l + 2, l + 1. The
/// hardware decides only how many of the 16 lanes one register holds.
///
/// A sum of n terms computed this way passes each term through at most ⌈n/16⌉ + 4 roundings.
///
/// Two rules for every loop over vectors, here and in the kernels, since a vector that crosses a call which the compiler left
/// standing is allocated, at every turn:
///
/// - a vector that the loop carries along is given to calls and never called upon: `loaded.add(sum)`, not `sum.add(loaded)`. Of
///   what was just loaded the compiler knows the class;
/// - a number is spread over a vector where it is used, not before the loop.
final class Lanes {
  /// Logical lanes of every reduction, and the floats to which buffers are padded.
  static final int LANES = 16;

  /// The widest vectors of this machine that hold 4, 8 or 16 floats.
  static final VectorSpecies<Float> SPECIES = widest();

  /// Floats in one hardware vector: 4, 8 or 16.
  static final int WIDTH = SPECIES.length();

  private static final List<VectorMask<Float>> MASKS = masks();

  /// Numbers of a long row that are summed at once.
  private static final int BLOCK = 16 * LANES;

  private static final VectorShuffle<Float> BY_8 = rotate(8);
  private static final VectorShuffle<Float> BY_4 = rotate(4);
  private static final VectorShuffle<Float> BY_2 = rotate(2);
  private static final VectorShuffle<Float> BY_1 = rotate(1);

  private Lanes() {}

  private static VectorSpecies<Float> widest() {
    return switch (FloatVector.SPECIES_PREFERRED.length()) {
      case 1, 2, 4 -> FloatVector.SPECIES_128;
      case 8 -> FloatVector.SPECIES_256;
      default -> FloatVector.SPECIES_512;
    };
  }

  private static VectorShuffle<Float> rotate(int distance) {
    return VectorShuffle.iota(SPECIES, distance % WIDTH, 1, true);
  }

  /// The vector that begins there.
  static FloatVector load(float[] x, int at) {
    return FloatVector.fromArray(SPECIES, x, at);
  }

  /// The mask of the lanes i with start + i < end: for the last vector of a row. Made beforehand, since a mask that the
  /// compiler does not keep in a register would be allocated at each row.
  static VectorMask<Float> upTo(int start, int end) {
    return MASKS.get(Math.min(end - start, WIDTH));
  }

  private static List<VectorMask<Float>> masks() {
    List<VectorMask<Float>> masks = new ArrayList<>();
    for (int n = 0; n <= WIDTH; n++) {
      masks.add(SPECIES.indexInRange(0, n));
    }
    return List.copyOf(masks);
  }

  /// Σ x[offset + i] for i in 0…n−1; 0 when n = 0.
  static float sum(float[] x, int offset, int n) {
    return sum(x, offset, n, false);
  }

  /// As [#sum], bit for bit, for a kernel with many rows: its loop is entered often, and needs no array however long they are.
  static float sumOfMany(float[] x, int offset, int n) {
    return sum(x, offset, n, true);
  }

  /// [#sum] or [#sumOfMany], for a kernel that has many rows or not: twice the same loop in one compiled method may be more than
  /// the compiler has room for.
  static float sum(float[] x, int offset, int n, boolean many) {
    if (WIDTH == LANES) {
      return many || n < 2 * BLOCK ? sumInRegister(x, offset, n) : sumOfLong(x, offset, n);
    }
    FloatVector lanes = sumFrom(0, x, offset, n);
    if (WIDTH == 8) {
      lanes = lanes.add(sumFrom(8, x, offset, n));
    } else if (WIDTH == 4) {
      FloatVector odd = sumFrom(4, x, offset, n).add(sumFrom(12, x, offset, n));
      lanes = lanes.add(sumFrom(8, x, offset, n)).add(odd);
    }
    return addLanes(lanes);
  }

  /// Σ x[offset + i]²; each square is added with a single rounding.
  static float sumOfSquares(float[] x, int offset, int n) {
    return dot(x, offset, x, offset, n);
  }

  /// Σ (x[offset + i] − center)²: with the mean as center, n times the variance.
  static float sumOfSquaresAround(float center, float[] x, int offset, int n) {
    if (WIDTH == LANES) {
      return squaresOfWide(center, x, offset, n);
    }
    FloatVector lanes = squaresFrom(0, center, x, offset, n);
    if (WIDTH == 8) {
      lanes = lanes.add(squaresFrom(8, center, x, offset, n));
    } else if (WIDTH == 4) {
      FloatVector odd =
          squaresFrom(4, center, x, offset, n).add(squaresFrom(12, center, x, offset, n));
      lanes = lanes.add(squaresFrom(8, center, x, offset, n)).add(odd);
    }
    return addLanes(lanes);
  }

  /// Σ a[aOffset + i] · b[bOffset + i]; each product is added with a single rounding.
  static float dot(float[] a, int aOffset, float[] b, int bOffset, int n) {
    if (WIDTH == LANES) {
      return dotOfWide(a, aOffset, b, bOffset, n);
    }
    FloatVector lanes = dotFrom(0, a, aOffset, b, bOffset, n);
    if (WIDTH == 8) {
      lanes = lanes.add(dotFrom(8, a, aOffset, b, bOffset, n));
    } else if (WIDTH == 4) {
      FloatVector odd =
          dotFrom(4, a, aOffset, b, bOffset, n).add(dotFrom(12, a, aOffset, b, bOffset, n));
      lanes = lanes.add(dotFrom(8, a, aOffset, b, bOffset, n)).add(odd);
    }
    return addLanes(lanes);
  }

  /// The largest of x[offset + i]; −∞ when n = 0, NaN when any element is NaN.
  static float max(float[] x, int offset, int n) {
    FloatVector lanes = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    int full = SPECIES.loopBound(n);
    for (int i = 0; i < full; i += WIDTH) {
      lanes = FloatVector.fromArray(SPECIES, x, offset + i).max(lanes);
    }
    if (full < n) {
      VectorMask<Float> rest = upTo(full, n);
      FloatVector last = FloatVector.fromArray(SPECIES, x, offset + full, rest);
      lanes = lanes.blend(lanes.max(last), rest);
    }
    // A maximum is exact, so that any order gives the same value.
    if (WIDTH == 16) {
      lanes = lanes.max(lanes.rearrange(BY_8));
    }
    if (WIDTH >= 8) {
      lanes = lanes.max(lanes.rearrange(BY_4));
    }
    lanes = lanes.max(lanes.rearrange(BY_2));
    return lanes.max(lanes.rearrange(BY_1)).lane(0);
  }

  /// The fixed tree over 16 lane sums that a kernel kept itself, at lanes[offset…offset + 15].
  static float tree(float[] lanes, int offset) {
    FloatVector sum = FloatVector.fromArray(SPECIES, lanes, offset);
    if (WIDTH == 8) {
      sum = sum.add(FloatVector.fromArray(SPECIES, lanes, offset + 8));
    } else if (WIDTH == 4) {
      FloatVector odd =
          FloatVector.fromArray(SPECIES, lanes, offset + 4)
              .add(FloatVector.fromArray(SPECIES, lanes, offset + 12));
      sum = sum.add(FloatVector.fromArray(SPECIES, lanes, offset + 8)).add(odd);
    }
    return addLanes(sum);
  }

  /// The last levels of the tree, inside one register.
  private static float addLanes(FloatVector lanes) {
    if (WIDTH == 16) {
      lanes = lanes.add(lanes.rearrange(BY_8));
    }
    if (WIDTH >= 8) {
      lanes = lanes.add(lanes.rearrange(BY_4));
    }
    lanes = lanes.add(lanes.rearrange(BY_2));
    return lanes.add(lanes.rearrange(BY_1)).lane(0);
  }

  // The lanes first…first + WIDTH − 1. A sum that began at +0 is never −0, so that adding the +0 of
  // a masked lane changes nothing.

  private static FloatVector sumFrom(int first, float[] x, int offset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int i = first;
    for (; i <= n - WIDTH; i += LANES) {
      lanes = FloatVector.fromArray(SPECIES, x, offset + i).add(lanes);
    }
    if (i < n) {
      lanes = FloatVector.fromArray(SPECIES, x, offset + i, upTo(i, n)).add(lanes);
    }
    return lanes;
  }

  private static FloatVector squaresFrom(int first, float center, float[] x, int offset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int i = first;
    for (; i <= n - WIDTH; i += LANES) {
      FloatVector d = FloatVector.fromArray(SPECIES, x, offset + i).sub(center);
      lanes = d.fma(d, lanes);
    }
    if (i < n) {
      VectorMask<Float> rest = upTo(i, n);
      FloatVector d = FloatVector.fromArray(SPECIES, x, offset + i, rest).sub(center);
      lanes = lanes.blend(d.fma(d, lanes), rest);
    }
    return lanes;
  }

  /// A long row is rare, and a loop that is entered rarely is compiled late and then on its way, its vectors on the heap. The
  /// loop over a block is entered often.
  private static float sumOfLong(float[] x, int offset, int n) {
    float[] lanes = new float[LANES];
    int whole = n - n % BLOCK;
    for (int i = 0; i < whole; i += BLOCK) {
      addBlock(lanes, x, offset + i);
    }
    for (int i = whole; i < n; i++) {
      lanes[i % LANES] += x[offset + i];
    }
    return tree(lanes, 0);
  }

  private static void addBlock(float[] lanes, float[] x, int at) {
    FloatVector sum = FloatVector.fromArray(SPECIES, lanes, 0);
    for (int i = at; i < at + BLOCK; i += WIDTH) {
      sum = FloatVector.fromArray(SPECIES, x, i).add(sum);
    }
    sum.intoArray(lanes, 0);
  }

  // All in one method: a vector that a method returns goes over the heap where its call is not
  // inlined. That was 16 MB in a training step with dot products of 50,000 short rows.
  private static float sumInRegister(float[] x, int offset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int whole = SPECIES.loopBound(n);
    for (int i = 0; i < whole; i += WIDTH) {
      lanes = FloatVector.fromArray(SPECIES, x, offset + i).add(lanes);
    }
    if (whole < n) {
      lanes = FloatVector.fromArray(SPECIES, x, offset + whole, upTo(whole, n)).add(lanes);
    }
    return addLanes(lanes);
  }

  private static float squaresOfWide(float center, float[] x, int offset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int whole = SPECIES.loopBound(n);
    for (int i = 0; i < whole; i += WIDTH) {
      FloatVector d = FloatVector.fromArray(SPECIES, x, offset + i).sub(center);
      lanes = d.fma(d, lanes);
    }
    if (whole < n) {
      VectorMask<Float> rest = upTo(whole, n);
      FloatVector d = FloatVector.fromArray(SPECIES, x, offset + whole, rest).sub(center);
      lanes = lanes.blend(d.fma(d, lanes), rest);
    }
    return addLanes(lanes);
  }

  private static float dotOfWide(float[] a, int aOffset, float[] b, int bOffset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int whole = SPECIES.loopBound(n);
    for (int i = 0; i < whole; i += WIDTH) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      lanes = left.fma(FloatVector.fromArray(SPECIES, b, bOffset + i), lanes);
    }
    if (whole < n) {
      VectorMask<Float> rest = upTo(whole, n);
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + whole, rest);
      lanes = left.fma(FloatVector.fromArray(SPECIES, b, bOffset + whole, rest), lanes);
    }
    return addLanes(lanes);
  }

  private static FloatVector dotFrom(
      int first, float[] a, int aOffset, float[] b, int bOffset, int n) {
    FloatVector lanes = FloatVector.zero(SPECIES);
    int i = first;
    for (; i <= n - WIDTH; i += LANES) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      lanes = left.fma(FloatVector.fromArray(SPECIES, b, bOffset + i), lanes);
    }
    if (i < n) {
      VectorMask<Float> rest = upTo(i, n);
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i, rest);
      lanes = left.fma(FloatVector.fromArray(SPECIES, b, bOffset + i, rest), lanes);
    }
    return lanes;
  }
}
