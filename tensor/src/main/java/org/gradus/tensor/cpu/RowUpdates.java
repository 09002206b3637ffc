// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The rules of the optimisers on one row of a table, and on runs of rows that have no gradient.
///
/// Weights, state and gradient of the row are copied side by side into scratch memory, moved there, and copied back. Each
/// of these parts is padded to whole vectors, so that a row has no rest; what the padding holds is never written back.
/// State tables have the width of the weights, so that a row lies at the same byte in all of them. Rows of whole vectors need no
/// copy: Adagrad and Adam move those where they lie ([TableRows#adagrad], [TableRows#adam]).
///
/// Rows of fewer than 16 numbers are taken several at a time, one behind the other, number by number: a vector that is read where a part
/// of it was just written waits for the write.
///
/// A rule is a method of its own, which takes and returns no vector: the compiler puts into one method what it has nodes for, copies
/// take many, and a call that it leaves standing in the middle of a rule would allocate the vectors that cross it.
final class RowUpdates {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  /// The most parts that a rule needs: weights, two states, gradient.
  private static final int PARTS = 4;

  /// Numbers of narrow rows taken at a time.
  private static final int MANY = 64;

  private final long[] at = new long[MANY]; // the first bytes of the rows taken
  private int taken; //                        how many they are
  private float[] x = {};
  private int n;
  private int numbers; // of all rows taken
  private int w; //  where in x the weights start
  private int s; //  the first state
  private int t; //  the second state
  private int g; //  the gradient

  /// Rows of n numbers from here on, with scratch memory `scratch` from `at`, [#scratch] floats of it.
  void over(float[] scratch, int at, int n) {
    int part = scratch(n) / PARTS;
    this.x = scratch;
    this.n = n;
    this.w = at;
    this.s = at + part;
    this.t = at + 2 * part;
    this.g = at + 3 * part;
  }

  /// Floats of scratch that rows of n numbers need.
  static int scratch(int n) {
    return PARTS * Math.max(MANY, (n + Lanes.LANES - 1) / Lanes.LANES * Lanes.LANES);
  }

  /// Takes the next row, or some narrow ones, with their gradients; false when there is none.
  boolean next(RowCursor rows) {
    if (n >= Lanes.LANES) {
      return rows.next() && take(rows);
    }
    if (n == 1) {
      return nextNumbers(rows);
    }
    taken = 0;
    numbers = 0;
    while (numbers <= MANY - n && rows.next()) {
      at[taken++] = rows.at;
      for (int j = 0; j < n; j++) {
        x[g + numbers++] = rows.slope[rows.from + j];
      }
    }
    return taken > 0;
  }

  private boolean nextNumbers(RowCursor rows) {
    int count = 0;
    while (count < MANY && rows.next()) {
      at[count] = rows.at;
      x[g + count] = rows.slope[rows.from];
      count++;
    }
    taken = count;
    numbers = count;
    return count > 0;
  }

  /// Takes the row where the cursor stands, with its gradient.
  boolean take(RowCursor row) {
    at[0] = row.at;
    taken = 1;
    numbers = n;
    Rows.copy(x, g, row.slope, row.from, n);
    return true;
  }

  private void load(int part, MemorySegment table) {
    if (n >= Lanes.LANES) {
      TableRows.copy(x, part, table, at[0], n);
    } else if (n == 1) {
      TableRows.copyNumbers(x, part, table, at, taken);
    } else {
      TableRows.copyNarrow(x, part, table, at, taken, n);
    }
  }

  private void store(int part, MemorySegment table) {
    if (n >= Lanes.LANES) {
      TableRows.store(x, part, table, at[0], n);
    } else if (n == 1) {
      TableRows.storeNumbers(x, part, table, at, taken);
    } else {
      TableRows.storeNarrow(x, part, table, at, taken, n);
    }
  }

  void momentum(MemorySegment weights, MemorySegment speeds, float rate, float momentum) {
    load(w, weights);
    load(s, speeds);
    momentumRule(rate, momentum);
    store(w, weights);
    store(s, speeds);
  }

  private void momentumRule(float rate, float momentum) {
    for (int i = 0; i < numbers; i += W) {
      FloatVector speed =
          Steps.velocity(
              FloatVector.fromArray(S, x, s + i), FloatVector.fromArray(S, x, g + i), momentum);
      speed.intoArray(x, s + i);
      Steps.sgd(FloatVector.fromArray(S, x, w + i), speed, rate).intoArray(x, w + i);
    }
  }

  void nesterov(MemorySegment weights, MemorySegment speeds, float rate, float momentum) {
    load(w, weights);
    load(s, speeds);
    nesterovRule(rate, momentum);
    store(w, weights);
    store(s, speeds);
  }

  private void nesterovRule(float rate, float momentum) {
    for (int i = 0; i < numbers; i += W) {
      FloatVector slope = FloatVector.fromArray(S, x, g + i);
      FloatVector speed = Steps.velocity(FloatVector.fromArray(S, x, s + i), slope, momentum);
      speed.intoArray(x, s + i);
      FloatVector ahead = Steps.velocity(speed, slope, momentum);
      Steps.sgd(FloatVector.fromArray(S, x, w + i), ahead, rate).intoArray(x, w + i);
    }
  }

  void adagrad(MemorySegment weights, MemorySegment sums, float rate, float epsilon) {
    load(w, weights);
    load(s, sums);
    adagradRule(rate, epsilon);
    store(w, weights);
    store(s, sums);
  }

  private void adagradRule(float rate, float epsilon) {
    for (int i = 0; i < numbers; i += W) {
      FloatVector slope = FloatVector.fromArray(S, x, g + i);
      FloatVector squares = slope.fma(slope, FloatVector.fromArray(S, x, s + i));
      squares.intoArray(x, s + i);
      Steps.adagrad(FloatVector.fromArray(S, x, w + i), squares, slope, rate, epsilon)
          .intoArray(x, w + i);
    }
  }

  void adam(MemorySegment weights, MemorySegment means, MemorySegment squares, Steps.Adam adam) {
    load(w, weights);
    load(s, means);
    load(t, squares);
    adamRule(adam);
    store(w, weights);
    store(s, means);
    store(t, squares);
  }

  private void adamRule(Steps.Adam adam) {
    for (int i = 0; i < numbers; i += W) {
      FloatVector slope = FloatVector.fromArray(S, x, g + i);
      FloatVector first = adam.first(FloatVector.fromArray(S, x, s + i), slope);
      FloatVector second = adam.second(FloatVector.fromArray(S, x, t + i), slope);
      first.intoArray(x, s + i);
      second.intoArray(x, t + i);
      adam.weight(FloatVector.fromArray(S, x, w + i), first, second).intoArray(x, w + i);
    }
  }

  /// As [#adam] with the gradient l2 · w, for a run of rows without one of their own: `numbers` from the byte `at`, n
  /// at a time.
  void adamAbsent(
      MemorySegment weights,
      MemorySegment means,
      MemorySegment squares,
      long at,
      int numbers,
      Steps.Adam adam,
      float l2) {
    for (int done = 0; done < numbers; done += n) {
      long from = at + (long) done * Float.BYTES;
      int size = Math.min(n, numbers - done);
      TableRows.copy(x, w, weights, from, size);
      TableRows.copy(x, s, means, from, size);
      TableRows.copy(x, t, squares, from, size);
      adamAbsentRule(size, adam, l2);
      TableRows.store(x, w, weights, from, size);
      TableRows.store(x, s, means, from, size);
      TableRows.store(x, t, squares, from, size);
    }
  }

  private void adamAbsentRule(int size, Steps.Adam adam, float l2) {
    for (int i = 0; i < size; i += W) {
      FloatVector weight = FloatVector.fromArray(S, x, w + i);
      FloatVector slope = weight.mul(l2);
      FloatVector first = adam.first(FloatVector.fromArray(S, x, s + i), slope);
      FloatVector second = adam.second(FloatVector.fromArray(S, x, t + i), slope);
      first.intoArray(x, s + i);
      second.intoArray(x, t + i);
      adam.weight(weight, first, second).intoArray(x, w + i);
    }
  }

  void ftrl(MemorySegment weights, MemorySegment scores, MemorySegment squares, Steps.Ftrl ftrl) {
    load(w, weights);
    load(s, scores);
    load(t, squares);
    ftrlRule(ftrl);
    store(w, weights);
    store(s, scores);
    store(t, squares);
  }

  private void ftrlRule(Steps.Ftrl ftrl) {
    for (int i = 0; i < numbers; i += W) {
      FloatVector slope = FloatVector.fromArray(S, x, g + i);
      FloatVector before = FloatVector.fromArray(S, x, t + i);
      FloatVector after = ftrl.squares(before, slope);
      FloatVector score =
          ftrl.score(
              FloatVector.fromArray(S, x, s + i),
              slope,
              FloatVector.fromArray(S, x, w + i),
              before,
              after);
      after.intoArray(x, t + i);
      score.intoArray(x, s + i);
      ftrl.weight(score, after).intoArray(x, w + i);
    }
  }

  /// w −= factor · w, on `numbers` from the byte `at`, n at a time.
  void decay(MemorySegment weights, long at, int numbers, float factor) {
    for (int done = 0; done < numbers; done += n) {
      long from = at + (long) done * Float.BYTES;
      int size = Math.min(n, numbers - done);
      TableRows.copy(x, w, weights, from, size);
      for (int i = 0; i < size; i += W) {
        FloatVector weight = FloatVector.fromArray(S, x, w + i);
        Steps.sgd(weight, weight, factor).intoArray(x, w + i);
      }
      TableRows.store(x, w, weights, from, size);
    }
  }
}
