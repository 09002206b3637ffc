// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/// The loops behind the sparse half of [CpuUpdate]: one row of a table, n numbers from the byte `at`, and its gradient,
/// `g[gAt …]`. State tables have the width of the weights, so that a row lies at the same byte in all of them.
///
/// Whole vectors first, then one masked vector: it reads into the next row, which does no harm, and does not write
/// there.
final class RowUpdates {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private RowUpdates() {}

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static FloatVector load(float[] x, int i, VectorMask<Float> rest) {
    return FloatVector.fromArray(S, x, i, rest);
  }

  static void sgd(MemorySegment w, long at, float[] g, int gAt, int n, float rate) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      Rows.store(Steps.sgd(Rows.load(w, at, i), load(g, gAt + i), rate), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      Rows.store(Steps.sgd(Rows.load(w, at, whole), slope, rate), w, at, whole, rest);
    }
  }

  static void momentum(
      MemorySegment w,
      MemorySegment v,
      long at,
      float[] g,
      int gAt,
      int n,
      float rate,
      float momentum) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector speed = Steps.velocity(Rows.load(v, at, i), load(g, gAt + i), momentum);
      Rows.store(speed, v, at, i);
      Rows.store(Steps.sgd(Rows.load(w, at, i), speed, rate), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      FloatVector speed = Steps.velocity(Rows.load(v, at, whole), slope, momentum);
      Rows.store(speed, v, at, whole, rest);
      Rows.store(Steps.sgd(Rows.load(w, at, whole), speed, rate), w, at, whole, rest);
    }
  }

  static void nesterov(
      MemorySegment w,
      MemorySegment v,
      long at,
      float[] g,
      int gAt,
      int n,
      float rate,
      float momentum) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector slope = load(g, gAt + i);
      FloatVector speed = Steps.velocity(Rows.load(v, at, i), slope, momentum);
      Rows.store(speed, v, at, i);
      FloatVector ahead = Steps.velocity(speed, slope, momentum);
      Rows.store(Steps.sgd(Rows.load(w, at, i), ahead, rate), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      FloatVector speed = Steps.velocity(Rows.load(v, at, whole), slope, momentum);
      Rows.store(speed, v, at, whole, rest);
      FloatVector ahead = Steps.velocity(speed, slope, momentum);
      Rows.store(Steps.sgd(Rows.load(w, at, whole), ahead, rate), w, at, whole, rest);
    }
  }

  static void adagrad(
      MemorySegment w,
      MemorySegment s,
      long at,
      float[] g,
      int gAt,
      int n,
      float rate,
      float epsilon) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector slope = load(g, gAt + i);
      FloatVector squares = slope.fma(slope, Rows.load(s, at, i));
      Rows.store(squares, s, at, i);
      Rows.store(Steps.adagrad(Rows.load(w, at, i), squares, slope, rate, epsilon), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      FloatVector squares = slope.fma(slope, Rows.load(s, at, whole));
      Rows.store(squares, s, at, whole, rest);
      FloatVector next = Steps.adagrad(Rows.load(w, at, whole), squares, slope, rate, epsilon);
      Rows.store(next, w, at, whole, rest);
    }
  }

  static void adam(
      MemorySegment w,
      MemorySegment m,
      MemorySegment v,
      long at,
      float[] g,
      int gAt,
      int n,
      Steps.Adam adam) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector slope = load(g, gAt + i);
      FloatVector first = adam.first(Rows.load(m, at, i), slope);
      FloatVector second = adam.second(Rows.load(v, at, i), slope);
      Rows.store(first, m, at, i);
      Rows.store(second, v, at, i);
      Rows.store(adam.weight(Rows.load(w, at, i), first, second), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      FloatVector first = adam.first(Rows.load(m, at, whole), slope);
      FloatVector second = adam.second(Rows.load(v, at, whole), slope);
      Rows.store(first, m, at, whole, rest);
      Rows.store(second, v, at, whole, rest);
      Rows.store(adam.weight(Rows.load(w, at, whole), first, second), w, at, whole, rest);
    }
  }

  /// As [#adam] with the gradient l2 · w, for a run of rows without one of their own: n numbers, of any number of rows.
  static void adamAbsent(
      MemorySegment w,
      MemorySegment m,
      MemorySegment v,
      long at,
      int n,
      Steps.Adam adam,
      float l2) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector weight = Rows.load(w, at, i);
      FloatVector slope = weight.mul(l2);
      FloatVector first = adam.first(Rows.load(m, at, i), slope);
      FloatVector second = adam.second(Rows.load(v, at, i), slope);
      Rows.store(first, m, at, i);
      Rows.store(second, v, at, i);
      Rows.store(adam.weight(weight, first, second), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector weight = Rows.load(w, at, whole);
      FloatVector slope = weight.mul(l2);
      FloatVector first = adam.first(Rows.load(m, at, whole), slope);
      FloatVector second = adam.second(Rows.load(v, at, whole), slope);
      Rows.store(first, m, at, whole, rest);
      Rows.store(second, v, at, whole, rest);
      Rows.store(adam.weight(weight, first, second), w, at, whole, rest);
    }
  }

  static void ftrl(
      MemorySegment w,
      MemorySegment z,
      MemorySegment s,
      long at,
      float[] g,
      int gAt,
      int n,
      Steps.Ftrl ftrl) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector slope = load(g, gAt + i);
      FloatVector before = Rows.load(s, at, i);
      FloatVector after = ftrl.squares(before, slope);
      FloatVector score =
          ftrl.score(Rows.load(z, at, i), slope, Rows.load(w, at, i), before, after);
      Rows.store(after, s, at, i);
      Rows.store(score, z, at, i);
      Rows.store(ftrl.weight(score, after), w, at, i);
    }
    if (whole < n) {
      VectorMask<Float> rest = Lanes.upTo(whole, n);
      FloatVector slope = load(g, gAt + whole, rest);
      FloatVector before = Rows.load(s, at, whole);
      FloatVector after = ftrl.squares(before, slope);
      FloatVector score =
          ftrl.score(Rows.load(z, at, whole), slope, Rows.load(w, at, whole), before, after);
      Rows.store(after, s, at, whole, rest);
      Rows.store(score, z, at, whole, rest);
      Rows.store(ftrl.weight(score, after), w, at, whole, rest);
    }
  }

  /// w −= factor · w
  static void decay(MemorySegment w, long at, int n, float factor) {
    int whole = S.loopBound(n);
    for (int i = 0; i < whole; i += W) {
      FloatVector weight = Rows.load(w, at, i);
      Rows.store(Steps.sgd(weight, weight, factor), w, at, i);
    }
    if (whole < n) {
      FloatVector weight = Rows.load(w, at, whole);
      Rows.store(Steps.sgd(weight, weight, factor), w, at, whole, Lanes.upTo(whole, n));
    }
  }
}
