// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Counter;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Counts the roundings of a pass, and stands in for them: multiplies every number that enters or leaves an operation by
/// 1 ± ε, forward and back, with random signs.
///
/// What a device of float32 computes for an operation is the exact result for operands that differ from the given ones by
/// the accumulated rounding of the longest sum inside: at most n · u for n terms, and with high probability
/// λ√n · u (Higham and Mary 2019, with roundings as independent random numbers of mean zero). So
///
/// ```
/// ε = λ √n · u,      u = 2⁻²⁴,  λ = 4
/// ```
///
/// n is the largest over all operations. Operations do not say how long their sums are, so it is read off from shapes:
/// the last axis, all other axes together, and the ratio of two operands' sizes are each the length of a sum that an
/// operation or its derivative may take. Elementary functions err by less than 4u, what λ grants a sum of one term.
final class Rounding implements Probe {
  private static final double UNIT = 0x1p-24;
  private static final double LAMBDA = 4;

  private double terms = 1;
  private double epsilon;
  private long key;
  private long position;

  /// Counting begins: values pass unchanged.
  void count() {
    terms = 1;
    epsilon = 0;
  }

  /// Standing in begins.
  void shake(long withKey) {
    epsilon = LAMBDA * Math.sqrt(terms) * UNIT;
    key = withKey;
    position = 0;
  }

  /// Number of terms of the longest sum.
  double terms() {
    return terms;
  }

  /// ε
  double epsilon() {
    return LAMBDA * Math.sqrt(terms) * UNIT;
  }

  /// Multiplies each by 1 ± ε.
  void shake(double[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= 1 + (Counter.bits(key, position++) < 0 ? -epsilon : epsilon);
    }
  }

  @Override
  public void value(String op, Tensor value, Var[] inputs) {
    if (op.equals(CheckProbe.OBJECTIVE) || value.kind() != Kind.REAL) {
      return;
    }
    if (epsilon == 0) {
      count(value.shape());
      for (Var x : inputs) {
        count(x.shape());
        count(x.shape(), value.shape());
      }
    } else if (value.sole()) { // a view rounds nothing
      double[] numbers = value.toDoubles();
      shake(numbers);
      value.device().upload(value.buffer(), numbers);
    }
  }

  @Override
  public Tensor constant(Tensor value, Scope scope) {
    if (epsilon == 0 || value.kind() != Kind.REAL) {
      return value;
    }
    double[] numbers = value.toDoubles();
    shake(numbers);
    return scope.upload(value.shape(), numbers);
  }

  @Override
  public Tensor gradient(String op, int input, Tensor gradient, Scope scope) {
    if (epsilon == 0 || op.equals(CheckProbe.OBJECTIVE)) {
      return gradient;
    }
    double[] numbers = gradient.toDoubles();
    shake(numbers);
    Tensor shaken = scope.upload(gradient.shape(), numbers);
    scope.release(gradient);
    return shaken;
  }

  @Override
  public Gradient.Rows rows(String op, Gradient.Rows gradient, Scope scope) {
    if (epsilon == 0) {
      count(gradient.values().shape());
      return gradient;
    }
    Tensor shaken = gradient(op, -1, gradient.values(), scope);
    return new Gradient.Rows(gradient.rows(), shaken, gradient.count());
  }

  private void count(Shape shape) {
    if (shape.rank() > 0 && shape.elements() > 0) {
      int last = shape.size(-1);
      terms = Math.max(terms, Math.max(last, shape.elements() / last));
    }
  }

  private void count(Shape a, Shape b) {
    if (a.elements() > 0 && b.elements() > 0) {
      double ratio = (double) a.elements() / b.elements();
      terms = Math.max(terms, Math.max(ratio, 1 / ratio));
    }
  }
}
