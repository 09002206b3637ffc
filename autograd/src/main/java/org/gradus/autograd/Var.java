// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// A tensor on a tape. Its methods are the differentiable operations.
///
/// A method checks shapes, computes at once, and records how to differentiate. Binary operations broadcast: axes are
/// aligned at the end, and a missing axis or one of size 1 stretches; the gradient is summed over stretched axes.
public final class Var {
  private final Tape tape;
  private final Tensor value;
  private final boolean needsGradient;

  Var(Tape tape, Tensor value, boolean needsGradient) {
    this.tape = tape;
    this.value = value;
    this.needsGradient = needsGradient;
  }

  /// Where it was recorded.
  public Tape tape() {
    return tape;
  }

  /// The numbers.
  public Tensor value() {
    return value;
  }

  /// Sizes of the axes.
  public Shape shape() {
    return value.shape();
  }

  /// Size of one axis; negative axes count from the end.
  public int size(int axis) {
    return value.shape().size(axis);
  }

  /// Whether a parameter or variable lies behind it.
  public boolean needsGradient() {
    return needsGradient;
  }

  /// a + b, broadcast
  public Var add(Var b) {
    return Elementwise.add(this, b);
  }

  /// a · b, broadcast
  public Var multiply(Var b) {
    return Elementwise.multiply(this, b);
  }

  /// σ(x)
  public Var sigmoid() {
    return Elementwise.unary(this, org.gradus.tensor.ElementwiseKernels.Unary.SIGMOID);
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
