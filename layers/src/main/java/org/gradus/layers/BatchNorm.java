// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Normalized;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Batch normalisation (Ioffe, Szegedy 2015) by column:
///
/// ```
/// y = γ (x − m) / √(v + ε) + β
/// ```
///
/// In training m and v are the batch's mean and biased variance (1/B), and the moving statistics follow with weight
/// `momentum`, the variance unbiased (1/(B−1)). In evaluation they are the moving statistics, so a row's result does not
/// depend on its neighbours.
public final class BatchNorm {
  private final DenseParameter scale; //    γ [C]
  private final DenseParameter shift; //    β [C]
  private final DenseParameter mean; //     moving mean [C]
  private final DenseParameter variance; // moving variance [C]
  private final double momentum;
  private final double epsilon;

  /// With momentum 0.1 and ε = 1e-5.
  public BatchNorm(int width, Params params) {
    this(width, 0.1, 1e-5, params);
  }

  /// A new layer under `params`.
  ///
  /// @param width C, number of columns
  /// @param momentum weight of the new value in the moving statistics, 0 … 1
  /// @param epsilon ε > 0, added to the variance
  public BatchNorm(int width, double momentum, double epsilon, Params params) {
    if (!(momentum >= 0 && momentum <= 1 && epsilon > 0)) {
      throw new IllegalArgumentException(
          params.path()
              + ": batch norm with momentum "
              + momentum
              + " and epsilon "
              + epsilon
              + ". Expected 0 ≤ momentum ≤ 1 and epsilon > 0.");
    }
    Shape shape = Shape.of(width);
    this.scale = params.dense("scale", shape, Parameter.Role.NORM, Initializers.constant(1));
    this.shift = params.dense("shift", shape, Parameter.Role.NORM, Initializers.zeros());
    this.mean = params.state("mean", shape, 0);
    this.variance = params.state("variance", shape, 1);
    this.momentum = momentum;
    this.epsilon = epsilon;
  }

  /// x `[…, C]` → `[…, C]`. In training at least two rows.
  public Var forward(Var x, Mode mode) {
    return forward(x, null, mode);
  }

  /// As above, over the rows where `rowMask […]` is true; the others give 0 and count in no statistic.
  public Var forward(Var x, @Nullable Tensor rowMask, Mode mode) {
    Tape tape = x.tape();
    Var y;
    if (mode.training()) {
      int count = rows(x, rowMask);
      Normalized normalized = x.batchNorm(rowMask, epsilon);
      y = normalized.y();
      if (mode.updatesStatistics()) {
        follow(normalized.mean(), normalized.variance(), count, tape.scope());
      }
    } else {
      y = x.normalizeColumns(mean.value(), variance.value(), epsilon);
    }
    y = y.multiply(tape.use(scale)).add(tape.use(shift)); // […, C]
    if (rowMask == null) {
      return y;
    }
    Tensor mask = tape.scope().reshape(rowMask, rowMask.shape().insert(rowMask.shape().rank(), 1));
    return y.keepWhere(mask); // after the shift, which would fill masked rows
  }

  private int rows(Var x, @Nullable Tensor rowMask) {
    int count = 0;
    if (rowMask == null) {
      count = x.shape().product(0, x.shape().rank() - 1);
    } else {
      for (boolean real : x.tape().scope().booleans(rowMask)) {
        count += real ? 1 : 0;
      }
    }
    if (count < 2) {
      throw new IllegalArgumentException(
          mean.path()
              + ": batch norm over "
              + count
              + " rows of "
              + x.shape()
              + " in training. Expected at least 2; drop a last batch of one row, or evaluate.");
    }
    return count;
  }

  private void follow(Tensor batchMean, Tensor batchVariance, int count, Scope scope) {
    // On the host in float64: C numbers a step, and the same bits on every device.
    double[] m = scope.doubles(mean.value());
    double[] v = scope.doubles(variance.value());
    double[] bm = scope.doubles(batchMean);
    double[] bv = scope.doubles(batchVariance);
    double unbiased = count / (count - 1.0);
    for (int c = 0; c < m.length; c++) {
      m[c] += momentum * (bm[c] - m[c]);
      v[c] += momentum * (bv[c] * unbiased - v[c]);
    }
    mean.write(m);
    variance.write(v);
  }
}
