// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Flags;

/// One number from one or two others.
final class ReferenceElementwise implements ElementwiseKernels {
  @Override
  public void unary(Unary op, Buffer yb, Buffer xb, int n, double p, double q) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    for (int i = 0; i < n; i++) {
      y[i] = value(op, x[i], p, q);
    }
  }

  @Override
  public void unaryBackward(
      Unary op, Buffer dxb, Buffer dyb, Buffer xb, Buffer yb, int n, double p, double q) {
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] x = Doubles.of(xb);
    double[] y = Doubles.of(yb);
    for (int i = 0; i < n; i++) {
      dx[i] = dy[i] * derivative(op, x[i], y[i], p, q);
    }
  }

  private static double value(Unary op, double x, double p, double q) {
    return switch (op) {
      case NEGATE -> -x;
      case ABS -> Math.abs(x);
      case SQUARE -> x * x;
      case SQRT -> Math.sqrt(x);
      case RSQRT -> 1 / Math.sqrt(x);
      case RECIPROCAL -> 1 / x;
      case EXP -> StrictMath.exp(x);
      case EXPM1 -> StrictMath.expm1(x);
      case LOG -> StrictMath.log(x);
      case LOG1P -> StrictMath.log1p(x);
      case SIGMOID -> sigmoid(x);
      case TANH -> StrictMath.tanh(x);
      case RELU -> Math.max(x, 0);
      case SOFTPLUS -> softplus(x);
      case LOG_SIGMOID -> -softplus(-x);
      case AFFINE -> p * x + q;
      case LEAKY_RELU -> x > 0 ? x : p * x;
      case ELU -> x > 0 ? x : p * StrictMath.expm1(x);
      case CLIP -> Math.min(Math.max(x, p), q);
    };
  }

  private static double derivative(Unary op, double x, double y, double p, double q) {
    return switch (op) {
      case NEGATE -> -1;
      case ABS -> x > 0 ? 1 : x < 0 ? -1 : 0;
      case SQUARE -> 2 * x;
      case SQRT -> 0.5 / y;
      case RSQRT -> -0.5 * y * y * y;
      case RECIPROCAL -> -y * y;
      case EXP -> y;
      case EXPM1 -> y + 1;
      case LOG -> 1 / x;
      case LOG1P -> 1 / (1 + x);
      case SIGMOID -> y * (1 - y);
      case TANH -> 1 - y * y;
      case RELU -> x > 0 ? 1 : 0;
      case SOFTPLUS -> sigmoid(x);
      case LOG_SIGMOID -> sigmoid(-x);
      case AFFINE -> p;
      case LEAKY_RELU -> x > 0 ? 1 : p;
      case ELU -> x > 0 ? 1 : p * StrictMath.exp(x);
      case CLIP -> p <= x && x <= q ? 1 : 0;
    };
  }

  /// 1/(1 + e⁻ˣ), never raising e to a positive power, which could overflow.
  static double sigmoid(double x) {
    if (x >= 0) {
      return 1 / (1 + StrictMath.exp(-x));
    }
    double e = StrictMath.exp(x);
    return e / (1 + e);
  }

  /// ln(1 + eˣ)
  static double softplus(double x) {
    return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
  }

  @Override
  public void binary(Binary op, Buffer yb, Buffer ab, Buffer bb, Broadcast shape) {
    double[] y = Doubles.of(yb);
    double[] a = Doubles.of(ab);
    double[] b = Doubles.of(bb);
    Walk.over(shape.sizes(), shape.a(), shape.b(), (i, k, l) -> y[i] = value(op, a[k], b[l]));
  }

  @Override
  public void binary(Binary op, Buffer yb, Buffer ab, Buffer bb, int n) {
    double[] y = Doubles.of(yb);
    double[] a = Doubles.of(ab);
    double[] b = Doubles.of(bb);
    for (int i = 0; i < n; i++) {
      y[i] = value(op, a[i], b[i]);
    }
  }

  private static double value(Binary op, double a, double b) {
    return switch (op) {
      case ADD -> a + b;
      case SUBTRACT -> a - b;
      case MULTIPLY -> a * b;
      case DIVIDE -> a / b;
      case MIN -> Math.min(a, b);
      case MAX -> Math.max(a, b);
    };
  }

  @Override
  public void addScaled(Buffer yb, Buffer xb, double s, int n) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    for (int i = 0; i < n; i++) {
      y[i] += s * x[i];
    }
  }

  @Override
  public void compare(Compare op, Buffer maskb, Buffer ab, Buffer bb, Broadcast shape) {
    byte[] mask = Flags.of(maskb);
    double[] a = Doubles.of(ab);
    double[] b = Doubles.of(bb);
    Walk.over(
        shape.sizes(),
        shape.a(),
        shape.b(),
        (i, k, l) -> mask[i] = (byte) (holds(op, a[k], b[l]) ? 1 : 0));
  }

  private static boolean holds(Compare op, double a, double b) {
    return switch (op) {
      case LESS -> a < b;
      case LESS_EQUAL -> a <= b;
      case EQUAL -> a == b;
    };
  }

  @Override
  public void where(Buffer yb, Buffer maskb, Buffer ab, Buffer bb, int n) {
    double[] y = Doubles.of(yb);
    byte[] mask = Flags.of(maskb);
    double[] a = Doubles.of(ab);
    double[] b = Doubles.of(bb);
    for (int i = 0; i < n; i++) {
      y[i] = mask[i] != 0 ? a[i] : b[i];
    }
  }

  @Override
  public void keepWhere(Buffer yb, Buffer maskb, Buffer ab, int n) {
    double[] y = Doubles.of(yb);
    byte[] mask = Flags.of(maskb);
    double[] a = Doubles.of(ab);
    for (int i = 0; i < n; i++) {
      y[i] = mask[i] != 0 ? a[i] : 0;
    }
  }

  @Override
  public void toReal(Buffer yb, Buffer maskb, int n) {
    double[] y = Doubles.of(yb);
    byte[] mask = Flags.of(maskb);
    for (int i = 0; i < n; i++) {
      y[i] = mask[i] != 0 ? 1 : 0;
    }
  }

  @Override
  public void and(Buffer maskb, Buffer ab, Buffer bb, int n) {
    byte[] mask = Flags.of(maskb);
    byte[] a = Flags.of(ab);
    byte[] b = Flags.of(bb);
    for (int i = 0; i < n; i++) {
      mask[i] = (byte) (a[i] != 0 && b[i] != 0 ? 1 : 0);
    }
  }

  @Override
  public void not(Buffer maskb, Buffer ab, int n) {
    byte[] mask = Flags.of(maskb);
    byte[] a = Flags.of(ab);
    for (int i = 0; i < n; i++) {
      mask[i] = (byte) (a[i] != 0 ? 0 : 1);
    }
  }

  @Override
  public void fill(Buffer yb, double value, int n) {
    Arrays.fill(Doubles.of(yb), 0, n, value);
  }
}
