// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.NormKernels;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Standardisation by statistics of the batch (per column) or of the row, without scale and shift.
final class Normalization {
  private Normalization() {}

  /// y = (x − μ) / √(v + ε), μ and v of each column over the unmasked rows;
  /// dx = (dy − mean(dy) − y · mean(dy · y)) / √(v + ε), 0 in masked rows
  static Normalized batchNorm(Var x, @Nullable Tensor rowMask, double epsilon) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    NormKernels kernels = tape.kernels().norm();
    int n = columns("batchNorm", x);
    int rows = x.shape().product(0, x.shape().rank() - 1);
    Buffer mask = null;
    if (rowMask != null) {
      Masks.check("batchNorm", rowMask);
      if (!rowMask.shape().equals(x.shape().without(-1))) {
        throw new IllegalArgumentException(
            "batchNorm: row mask "
                + rowMask.shape()
                + " for "
                + x.shape()
                + ". Expected "
                + x.shape().without(-1)
                + ".");
      }
      mask = rowMask.buffer();
    }
    Tensor mean = s.real("batchNorm", Shape.of(n));
    Tensor variance = s.real("batchNorm", Shape.of(n));
    Tensor y = s.real("batchNorm", x.shape());
    kernels.columnMoments(mean.buffer(), variance.buffer(), x.value().buffer(), mask, rows, n);
    kernels.normalizeColumns(
        y.buffer(), x.value().buffer(), mean.buffer(), variance.buffer(), mask, rows, n, epsilon);
    Var normalized =
        tape.record(
            "batchNorm",
            y,
            (dy, dx) -> {
              Tensor g = s.real("batchNorm", x.shape());
              kernels.normalizeColumnsBackward(
                  g.buffer(),
                  dy.buffer(),
                  y.buffer(),
                  variance.buffer(),
                  rowMask == null ? null : rowMask.buffer(),
                  rows,
                  n,
                  epsilon);
              dx.give(0, g);
            },
            x);
    return new Normalized(normalized, mean, variance);
  }

  /// y = (x − μ) / √(v + ε) with given μ and v;  dx = dy / √(v + ε)
  static Var normalizeColumns(Var x, Tensor mean, Tensor variance, double epsilon) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    int n = columns("normalizeColumns", x);
    Shape each = Shape.of(n);
    if (!mean.shape().equals(each) || !variance.shape().equals(each)) {
      throw new IllegalArgumentException(
          "normalizeColumns: mean "
              + mean.shape()
              + " and variance "
              + variance.shape()
              + " for "
              + x.shape()
              + ". Expected "
              + each
              + ", one number per column.");
    }
    tape.probe().reads(mean);
    tape.probe().reads(variance);
    return tape.record(
        "normalizeColumns",
        normalized(s, x.value(), mean, variance, epsilon),
        (dy, dx) -> {
          // The derivative is the same map with mean 0.
          Tensor zero = Layout.zeros(s, "normalizeColumns", each);
          dx.give(0, normalized(s, dy, zero, variance, epsilon));
          s.release(zero);
        },
        x);
  }

  private static Tensor normalized(
      Scope s, Tensor x, Tensor mean, Tensor variance, double epsilon) {
    Tensor y = s.real("normalizeColumns", x.shape());
    int n = x.shape().size(-1);
    int rows = x.shape().product(0, x.shape().rank() - 1);
    s.device()
        .kernels()
        .norm()
        .normalizeColumns(
            y.buffer(), x.buffer(), mean.buffer(), variance.buffer(), null, rows, n, epsilon);
    return y;
  }

  /// y = (x − μ) / √(v + ε), μ and v of each row;  dx = (dy − mean(dy) − y · mean(dy · y)) / √(v + ε)
  static Var layerNorm(Var x, double epsilon) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    NormKernels kernels = tape.kernels().norm();
    int n = columns("layerNorm", x);
    int rows = x.shape().product(0, x.shape().rank() - 1);
    Tensor y = s.real("layerNorm", x.shape());
    Tensor invStd = s.real("layerNorm", x.shape().without(-1));
    kernels.normalizeRows(y.buffer(), invStd.buffer(), x.value().buffer(), rows, n, epsilon);
    return tape.record(
        "layerNorm",
        y,
        (dy, dx) -> {
          Tensor g = s.real("layerNorm", x.shape());
          kernels.normalizeRowsBackward(
              g.buffer(), dy.buffer(), y.buffer(), invStd.buffer(), rows, n);
          dx.give(0, g);
        },
        x);
  }

  private static int columns(String op, Var x) {
    if (x.shape().rank() < 1) {
      throw new IllegalArgumentException(op + ": a scalar. Expected […, n].");
    }
    return x.size(-1);
  }
}
