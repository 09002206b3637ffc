// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import org.gradus.autograd.Var;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Which rows of a batch of sequences have a step, step by step: what a layer asks that is unrolled over time.
final class StepMask {
  private final Scope scope;
  private final int batch;
  private final int time;
  private final boolean @Nullable [] real; // [B, T]; null when all are

  private StepMask(Scope scope, int batch, int time, boolean @Nullable [] real) {
    this.scope = scope;
    this.batch = batch;
    this.time = time;
    this.real = real;
  }

  /// From `INT [B]`, each 0 … T; null when every row has T steps.
  static StepMask ofLengths(String op, Scope scope, Shape batchAndTime, @Nullable Tensor lengths) {
    int batch = batchAndTime.size(0);
    int time = batchAndTime.size(1);
    if (lengths == null) {
      return new StepMask(scope, batch, time, null);
    }
    expect(op, "lengths", lengths, Kind.INT, Shape.of(batch));
    int[] ends = scope.ints(lengths);
    boolean[] real = scope.booleans(batch * time);
    for (int b = 0; b < batch; b++) {
      if (ends[b] < 0 || ends[b] > time) {
        throw new IllegalArgumentException(
            op
                + ": length "
                + ends[b]
                + " of row "
                + b
                + ". Expected lengths from 0 to "
                + time
                + ".");
      }
      Arrays.fill(real, b * time, b * time + ends[b], true);
    }
    return new StepMask(scope, batch, time, real);
  }

  /// From `MASK [B, T]`, true at real steps, wherever they stand; null when all are.
  static StepMask ofMask(String op, Scope scope, Shape batchAndTime, @Nullable Tensor mask) {
    if (mask != null) {
      expect(op, "mask", mask, Kind.MASK, batchAndTime);
    }
    return new StepMask(
        scope,
        batchAndTime.size(0),
        batchAndTime.size(1),
        mask == null ? null : scope.booleans(mask));
  }

  private static void expect(String op, String what, Tensor x, Kind kind, Shape shape) {
    if (x.kind() != kind || !x.shape().equals(shape)) {
      throw new IllegalArgumentException(
          op
              + ": "
              + what
              + " "
              + x.shape()
              + " of kind "
              + x.kind()
              + ". Expected "
              + shape
              + " of kind "
              + kind
              + ".");
    }
  }

  /// `next` where a row has step t, `before` where it has not; both `[B, H]`.
  Var choose(int t, Var next, Var before) {
    Tensor column = column(t);
    return column == null ? next : next.where(column, before);
  }

  /// x `[B, H]` where a row has step t, 0 where it has not.
  Var keep(int t, Var x) {
    Tensor column = column(t);
    return column == null ? x : x.keepWhere(column);
  }

  /// `MASK [B, 1]`; null when every row has step t.
  private @Nullable Tensor column(int t) {
    if (real == null) {
      return null;
    }
    boolean[] column = scope.booleans(batch);
    boolean all = true;
    for (int b = 0; b < batch; b++) {
      column[b] = real[b * time + t];
      all &= column[b];
    }
    return all ? null : scope.upload(Shape.of(batch, 1), column);
  }
}
