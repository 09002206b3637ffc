// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.gradus.tests.device.Bound.ELEMENTARY;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Shape;

class ElementwiseContractTest {
  // Exact in float32, like every parameter below.
  private static final double P = 0.375;
  private static final double Q = 1.5;

  /// Arithmetic rounds once, the rest is within the 4 ulp of an elementary function.
  private static Bound bound(Unary op, float[] x) {
    return switch (op) {
      case NEGATE, ABS, RELU, CLIP -> Bound.none();
      case SQUARE, SQRT, RECIPROCAL, LEAKY_RELU -> Bound.relative(1);
      case RSQRT -> Bound.relative(3);
      case AFFINE -> (i, exact) -> 2 * Bound.U * (Math.abs(P * x[i]) + Q);
      case ELU -> Bound.relative(ELEMENTARY + 1);
      case EXP, EXPM1, LOG, LOG1P, SIGMOID, TANH, SOFTPLUS, LOG_SIGMOID ->
          Bound.relative(ELEMENTARY);
    };
  }

  /// n numbers around the special ones: those themselves, and normal numbers of several sizes.
  private static float[] wild(long seed, int n) {
    float[] x = Samples.normal(seed, n);
    for (int i = 0; i < n; i++) {
      if (i % 3 == 0) {
        x[i] = Samples.SPECIAL[i / 3 % Samples.SPECIAL.length];
      } else if (i % 3 == 1) {
        x[i] *= 20;
      }
    }
    return x;
  }

  @OnEveryDevice
  void unary(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Unary op : Unary.values()) {
        for (int n : Samples.sizes()) {
          float[] x = wild(n, n);
          double p = op == Unary.CLIP ? -P : P;
          twin.compare(
              op + " of " + n,
              side -> {
                Buffer y = side.blank(n);
                side.kernels().elementwise().unary(op, y, side.real(x), n, p, Q);
                side.result(y, bound(op, x));
                Buffer both = side.real(x);
                side.kernels().elementwise().unary(op, both, both, n, p, Q);
                side.result(both, bound(op, x));
              });
        }
      }
    }
  }

  /// What cancels inside op′: 1 where it is a difference from 1 of numbers that size, 0 where it is a product.
  private static double cancels(Unary op) {
    return switch (op) {
      case SIGMOID, TANH, EXPM1 -> 1;
      case ELU -> P;
      default -> 0;
    };
  }

  @OnEveryDevice
  void unaryBackward(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Unary op : Unary.values()) {
        boolean positive =
            op == Unary.SQRT || op == Unary.RSQRT || op == Unary.LOG || op == Unary.LOG1P;
        double p = op == Unary.CLIP ? -P : P;
        for (int n : Samples.sizes()) {
          float[] x = positive ? Samples.positive(n, n) : Samples.normal(n, n);
          if (!positive && op != Unary.RECIPROCAL) {
            float[] kinks = {0f, -0f, (float) p, (float) Q, 30f, -30f};
            for (int i = 0; i < n; i += 4) {
              x[i] = kinks[i / 4 % kinks.length];
            }
          }
          float[] dy = Samples.normal(n + 1, n);
          float[] y =
              twin.exact(
                  side -> {
                    Buffer out = side.blank(n);
                    side.kernels().elementwise().unary(op, out, side.real(x), n, p, Q);
                    side.result(out, Bound.none());
                  });
          Bound bound =
              (i, exact) ->
                  (ELEMENTARY + 2)
                      * Bound.U
                      * (Math.abs(exact) + cancels(op) * Math.abs((double) dy[i]));
          twin.compare(
              op + " backward of " + n,
              side -> {
                var kernels = side.kernels().elementwise();
                Buffer xb = side.real(x);
                Buffer yb = side.real(y);
                Buffer dx = side.blank(n);
                kernels.unaryBackward(op, dx, side.real(dy), xb, yb, n, p, Q);
                side.result(dx, bound);
                Buffer both = side.real(dy);
                kernels.unaryBackward(op, both, both, xb, yb, n, p, Q);
                side.result(both, bound);
                kernels.unaryBackward(op, xb, side.real(dy), xb, yb, n, p, Q);
                side.result(xb, bound);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void binary(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Binary op : Binary.values()) {
        Bound bound = op == Binary.MIN || op == Binary.MAX ? Bound.none() : Bound.relative(1);
        for (int n : Samples.sizes()) {
          float[] a = wild(1, n);
          float[] b = Samples.normal(2, n);
          for (int i = 0; i < n; i++) {
            b[i] = i % 5 == 0 ? Samples.SPECIAL[i % Samples.SPECIAL.length] : b[i];
            b[i] = i % 7 == 0 ? a[i] : b[i];
          }
          twin.compare(
              op + " of " + n,
              side -> {
                var kernels = side.kernels().elementwise();
                Buffer left = side.real(a);
                Buffer right = side.real(b);
                Buffer y = side.blank(n);
                kernels.binary(op, y, left, right, n);
                side.result(y, bound);
                Buffer alike = side.blank(n);
                kernels.binary(op, alike, left, left, n);
                side.result(alike, bound);
                kernels.binary(op, left, left, right, n);
                side.result(left, bound);
                Buffer again = side.real(a);
                kernels.binary(op, right, again, right, n);
                side.result(right, bound);
              });
        }
      }
    }
  }

  /// Operands that broadcast in every way: not at all, rows, columns, scalars, middles, both at once.
  private static final Shape[][] BROADCASTS = {
    {Shape.of(33), Shape.of(33)},
    {Shape.of(5, 17), Shape.of(17)},
    {Shape.of(5, 17), Shape.of(5, 1)},
    {Shape.of(17), Shape.of(5, 17)},
    {Shape.of(7, 1), Shape.of(1, 9)},
    {Shape.scalar(), Shape.of(3, 31)},
    {Shape.of(3, 31), Shape.of(1)},
    {Shape.of(2, 1, 8), Shape.of(5, 1)},
    {Shape.of(2, 3, 1, 5), Shape.of(3, 4, 1)},
    {Shape.of(4, 1, 16, 3), Shape.of(2, 1, 3)},
    {Shape.of(0, 3), Shape.of(3)},
    {Shape.of(300, 150), Shape.of(150)},
    {Shape.of(300, 150), Shape.of(300, 1)},
    {Shape.of(40, 1, 30), Shape.of(40, 30, 1)},
  };

  @OnEveryDevice
  void binaryWithBroadcast(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Shape[] shapes : BROADCASTS) {
        Shape result = Shape.broadcast("test", shapes[0], shapes[1]);
        Broadcast plan = Broadcast.of(result, shapes[0], shapes[1]);
        float[] a = Samples.normal(1, shapes[0].elements());
        float[] b = Samples.normal(2, shapes[1].elements());
        twin.compare(
            shapes[0] + " with " + shapes[1],
            side -> {
              Buffer left = side.real(a);
              Buffer right = side.real(b);
              for (Binary op : Binary.values()) {
                Buffer y = side.blank(result.elements());
                side.kernels().elementwise().binary(op, y, left, right, plan);
                side.result(y, Bound.relative(1));
              }
              for (Compare op : Compare.values()) {
                Buffer mask = side.blank(Kind.MASK, result.elements());
                side.kernels().elementwise().compare(op, mask, left, right, plan);
                side.exact(mask);
              }
              if (shapes[0].equals(result)) {
                side.kernels().elementwise().binary(Binary.SUBTRACT, left, left, right, plan);
                side.result(left, Bound.relative(1));
              }
            });
      }
    }
  }

  @OnEveryDevice
  void compare(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (Compare op : Compare.values()) {
        for (int n : Samples.sizes()) {
          float[] a = wild(1, n);
          float[] b = wild(2, n);
          for (int i = 0; i < n; i++) {
            b[i] = i % 2 == 0 ? b[i] : Samples.SPECIAL[i % Samples.SPECIAL.length];
          }
          Broadcast plain = Broadcast.of(Shape.of(n), Shape.of(n), Shape.of(n));
          twin.compare(
              op + " of " + n,
              side -> {
                Buffer mask = side.blank(Kind.MASK, n);
                side.kernels().elementwise().compare(op, mask, side.real(a), side.real(b), plain);
                side.exact(mask);
              });
        }
      }
    }
  }

  @OnEveryDevice
  void masks(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        byte[] m = Samples.mask(1, n);
        float[] a = wild(2, n);
        twin.compare(
            "masks of " + n,
            side -> {
              var kernels = side.kernels().elementwise();
              Buffer mask = side.mask(m);
              Buffer x = side.real(a);
              Buffer y = side.blank(n);
              kernels.where(y, mask, x, side.real(Samples.normal(3, n)), n);
              side.exact(y);
              Buffer kept = side.blank(n);
              kernels.keepWhere(kept, mask, x, n);
              side.exact(kept);
              kernels.keepWhere(x, mask, x, n);
              side.exact(x);
              Buffer ones = side.blank(n);
              kernels.toReal(ones, mask, n);
              side.exact(ones);
              Buffer both = side.blank(Kind.MASK, n);
              kernels.and(both, mask, side.mask(Samples.mask(4, n)), n);
              side.exact(both);
              kernels.not(both, mask, n);
              side.exact(both);
              kernels.not(mask, mask, n);
              side.exact(mask);
            });
      }
    }
  }

  @OnEveryDevice
  void addScaledAndFill(DeviceUnderTest device) {
    try (Twin twin = device.open()) {
      for (int n : Samples.sizes()) {
        float[] y = Samples.normal(1, n);
        float[] x = Samples.normal(2, n);
        twin.compare(
            "addScaled and fill of " + n,
            side -> {
              Buffer sum = side.real(y);
              side.kernels().elementwise().addScaled(sum, side.real(x), -P, n);
              side.result(sum, (i, exact) -> 2 * Bound.U * (Math.abs(y[i]) + P * Math.abs(x[i])));
              Buffer filled = side.blank(n);
              side.kernels().elementwise().fill(filled, Q, n);
              side.exact(filled);
            });
      }
    }
  }
}
