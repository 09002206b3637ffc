// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Broadcast;
import org.gradus.tensor.ElementwiseKernels.Compare;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Operations on one or two numbers at every position, each with its derivative.
final class Elementwise {
  private static final Map<Unary, String> UNARY = names(Unary.class);
  private static final Map<Binary, String> BINARY = names(Binary.class);

  private Elementwise() {}

  static Var unary(Var x, Unary op) {
    return unary(x, op, 0, 0);
  }

  /// y = op(x; p, q);  dx = dy · op′(x)
  static Var unary(Var x, Unary op, double p, double q) {
    Tape tape = x.tape();
    ElementwiseKernels k = tape.kernels().elementwise();
    String name = name(op);
    Kinks.unary(tape, name, op, x.value(), p, q);
    int n = x.shape().elements();
    Tensor y = tape.scope().real(name, x.shape());
    k.unary(op, y.buffer(), x.value().buffer(), n, p, q);
    return tape.record(
        name,
        y,
        (dy, dx) -> {
          Tensor g = tape.scope().real(name, x.shape());
          k.unaryBackward(op, g.buffer(), dy.buffer(), x.value().buffer(), y.buffer(), n, p, q);
          dx.give(0, g);
        },
        x);
  }

  /// y = x + c;  dx = dy
  static Var add(Var x, double c) {
    Tape tape = x.tape();
    return tape.record(
        "add",
        unary(tape.scope(), Unary.AFFINE, x.value(), 1, c),
        (dy, dx) -> dx.give(0, tape.scope().share(dy)),
        x);
  }

  /// y = max(lo, min(x, hi));  dx = dy in the closed interval, 0 outside
  static Var clip(Var x, double lo, double hi) {
    if (!(lo <= hi)) {
      throw new IllegalArgumentException(
          "clip: interval [" + lo + ", " + hi + "]. Expected its lower end first.");
    }
    return unary(x, Unary.CLIP, lo, hi);
  }

  /// y = a + b;  da = dy,  db = dy, each summed over the axes that were stretched
  static Var add(Var a, Var b) {
    Tape tape = a.tape();
    return tape.record(
        "add",
        apply(tape.scope(), Binary.ADD, a.value(), b.value()),
        (dy, dx) -> {
          if (dx.wants(0)) {
            dx.give(0, sumTo(tape.scope(), tape.scope().share(dy), a.shape()));
          }
          if (dx.wants(1)) {
            dx.give(1, sumTo(tape.scope(), tape.scope().share(dy), b.shape()));
          }
        },
        a,
        b);
  }

  /// y = a − b;  da = dy,  db = −dy
  static Var subtract(Var a, Var b) {
    Tape tape = a.tape();
    return tape.record(
        "subtract",
        apply(tape.scope(), Binary.SUBTRACT, a.value(), b.value()),
        (dy, dx) -> {
          Scope s = tape.scope();
          if (dx.wants(0)) {
            dx.give(0, sumTo(s, s.share(dy), a.shape()));
          }
          if (dx.wants(1)) {
            Tensor g = sumTo(s, s.share(dy), b.shape());
            dx.give(1, unary(s, Unary.NEGATE, g, 0, 0));
            s.release(g);
          }
        },
        a,
        b);
  }

  /// y = a · b;  da = dy · b,  db = dy · a
  static Var multiply(Var a, Var b) {
    Tape tape = a.tape();
    return tape.record(
        "multiply",
        apply(tape.scope(), Binary.MULTIPLY, a.value(), b.value()),
        (dy, dx) -> {
          Scope s = tape.scope();
          if (dx.wants(0)) {
            dx.give(0, sumTo(s, apply(s, Binary.MULTIPLY, dy, b.value()), a.shape()));
          }
          if (dx.wants(1)) {
            dx.give(1, sumTo(s, apply(s, Binary.MULTIPLY, dy, a.value()), b.shape()));
          }
        },
        a,
        b);
  }

  /// y = a / b;  da = dy / b,  db = −(dy / b) · y
  static Var divide(Var a, Var b) {
    Tape tape = a.tape();
    Tensor y = apply(tape.scope(), Binary.DIVIDE, a.value(), b.value());
    return tape.record(
        "divide",
        y,
        (dy, dx) -> {
          Scope s = tape.scope();
          Tensor g = apply(s, Binary.DIVIDE, dy, b.value());
          if (dx.wants(1)) {
            Tensor product = apply(s, Binary.MULTIPLY, g, y);
            Tensor sum = sumTo(s, product, b.shape());
            dx.give(1, unary(s, Unary.NEGATE, sum, 0, 0));
            s.release(sum);
          }
          if (dx.wants(0)) {
            dx.give(0, sumTo(s, g, a.shape()));
          } else {
            s.release(g);
          }
        },
        a,
        b);
  }

  /// y = the smaller or larger of a and b;  dy goes to the one that was taken, on a tie to a
  static Var extreme(Var a, Var b, Binary op) {
    Tape tape = a.tape();
    String name = name(op);
    Tensor y = apply(tape.scope(), op, a.value(), b.value());
    if (tape.probe().watchesBranches()) {
      Kinks.mask(tape, name, takesFirst(tape.scope(), op, a.value(), b.value(), y.shape()));
    }
    return tape.record(
        name,
        y,
        (dy, dx) -> {
          Scope s = tape.scope();
          Tensor first = takesFirst(s, op, a.value(), b.value(), y.shape());
          branches(s, first, dy, dx, a.shape(), b.shape());
          s.release(first);
        },
        a,
        b);
  }

  /// MIN takes a where a ≤ b, MAX where b ≤ a.
  private static Tensor takesFirst(Scope s, Binary op, Tensor a, Tensor b, Shape shape) {
    boolean min = op == Binary.MIN;
    return compare(s, Compare.LESS_EQUAL, min ? a : b, min ? b : a, shape);
  }

  /// y = m ? a : b;  da = m ? dy : 0,  db = m ? 0 : dy
  static Var where(Var a, Tensor mask, Var b) {
    Tape tape = a.tape();
    Scope s = tape.scope();
    Masks.check("where", mask);
    Shape shape =
        Shape.broadcast("where", mask.shape(), Shape.broadcast("where", a.shape(), b.shape()));
    Tensor m = Layout.expandTo(s, mask, shape);
    Kinks.mask(tape, "where", m);
    Tensor x = Layout.expandTo(s, a.value(), shape);
    Tensor z = Layout.expandTo(s, b.value(), shape);
    Tensor y = s.real("where", shape);
    tape.kernels()
        .elementwise()
        .where(y.buffer(), m.buffer(), x.buffer(), z.buffer(), shape.elements());
    return tape.record("where", y, (dy, dx) -> branches(s, m, dy, dx, a.shape(), b.shape()), a, b);
  }

  /// y = m ? x : 0;  dx = m ? dy : 0
  static Var keepWhere(Var x, Tensor mask) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    Masks.check("keepWhere", mask);
    Shape shape = Shape.broadcast("keepWhere", mask.shape(), x.shape());
    Tensor m = Layout.expandTo(s, mask, shape);
    Kinks.mask(tape, "keepWhere", m);
    return tape.record(
        "keepWhere",
        keepWhere(s, m, Layout.expandTo(s, x.value(), shape)),
        (dy, dx) -> dx.give(0, sumTo(s, keepWhere(s, m, dy), x.shape())),
        x);
  }

  /// y = x > 0 ? x : α · x;  dx = x > 0 ? dy : α · dy,  dα = x > 0 ? 0 : x · dy
  static Var prelu(Var x, Var alpha) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    ElementwiseKernels k = tape.kernels().elementwise();
    int n = x.shape().elements();
    if (!Shape.broadcast("prelu", x.shape(), alpha.shape()).equals(x.shape())) {
      throw new IllegalArgumentException(
          "prelu: slopes "
              + alpha.shape()
              + " for values "
              + x.shape()
              + ". Expected slopes that broadcast to the values, such as one per column.");
    }
    Tensor zero = s.upload(Shape.scalar(), 0.0);
    Tensor positive = compare(s, Compare.LESS, zero, x.value(), x.shape());
    s.release(zero);
    Kinks.unary(tape, "prelu", Unary.RELU, x.value(), 0, 0);
    Tensor scaled = apply(s, Binary.MULTIPLY, x.value(), alpha.value());
    Tensor y = s.real("prelu", x.shape());
    k.where(y.buffer(), positive.buffer(), x.value().buffer(), scaled.buffer(), n);
    s.release(scaled);
    return tape.record(
        "prelu",
        y,
        (dy, dx) -> {
          if (dx.wants(0)) {
            Tensor slow = apply(s, Binary.MULTIPLY, dy, alpha.value());
            Tensor g = s.real("prelu", x.shape());
            k.where(g.buffer(), positive.buffer(), dy.buffer(), slow.buffer(), n);
            s.release(slow);
            dx.give(0, g);
          }
          if (dx.wants(1)) {
            Tensor product = apply(s, Binary.MULTIPLY, dy, x.value());
            Tensor negative = Masks.not(s, positive);
            Tensor g = keepWhere(s, negative, product);
            s.release(negative);
            s.release(product);
            dx.give(1, sumTo(s, g, alpha.shape()));
          }
        },
        x,
        alpha);
  }

  /// y = x;  dx = 0
  static Var stopGradient(Var x) {
    return x.tape().constant(x.tape().probe().stopped(x.value(), x.tape().scope()));
  }

  /// y = x · f, f being 1/(1−rate) or 0 (inverted dropout);  dx = dy · f
  static Var dropout(Var x, double rate, long key) {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException(
          "dropout: rate " + rate + ". Expected a rate from 0 up to, not including, 1.");
    }
    if (rate == 0) {
      return x;
    }
    Tape tape = x.tape();
    Tensor factors = tape.scope().real("dropout", x.shape());
    tape.kernels().random().dropout(factors.buffer(), key, 1 - rate, factors.elements());
    return tape.record(
        "dropout",
        apply(tape.scope(), Binary.MULTIPLY, x.value(), factors),
        (dy, dx) -> dx.give(0, apply(tape.scope(), Binary.MULTIPLY, dy, factors)),
        x);
  }

  /// Sends dy to input 0 where the mask is true and to input 1 elsewhere.
  private static void branches(
      Scope s, Tensor mask, Tensor dy, Tape.Sink dx, Shape first, Shape second) {
    if (dx.wants(0)) {
      dx.give(0, sumTo(s, keepWhere(s, mask, dy), first));
    }
    if (dx.wants(1)) {
      Tensor others = Masks.not(s, mask);
      dx.give(1, sumTo(s, keepWhere(s, others, dy), second));
      s.release(others);
    }
  }

  /// op(x; p, q) as a new tensor.
  static Tensor unary(Scope scope, Unary op, Tensor x, double p, double q) {
    Tensor y = scope.real(name(op), x.shape());
    scope.device().kernels().elementwise().unary(op, y.buffer(), x.buffer(), x.elements(), p, q);
    return y;
  }

  /// op(a, b) as a new tensor of the broadcast shape.
  static Tensor apply(Scope scope, Binary op, Tensor a, Tensor b) {
    String name = name(op);
    Shape shape = Shape.broadcast(name, a.shape(), b.shape());
    Tensor y = scope.real(name, shape);
    ElementwiseKernels k = scope.device().kernels().elementwise();
    if (a.shape().equals(b.shape())) {
      k.binary(op, y.buffer(), a.buffer(), b.buffer(), shape.elements());
    } else {
      k.binary(op, y.buffer(), a.buffer(), b.buffer(), Broadcast.of(shape, a.shape(), b.shape()));
    }
    return y;
  }

  /// op(a, b) at every place, broadcast.
  static Tensor compare(Scope scope, Compare op, Tensor a, Tensor b, Shape shape) {
    Tensor mask = scope.allocate("compare", Kind.MASK, shape);
    scope
        .device()
        .kernels()
        .elementwise()
        .compare(
            op, mask.buffer(), a.buffer(), b.buffer(), Broadcast.of(shape, a.shape(), b.shape()));
    return mask;
  }

  private static Tensor keepWhere(Scope scope, Tensor mask, Tensor x) {
    Tensor y = scope.real("keepWhere", x.shape());
    scope
        .device()
        .kernels()
        .elementwise()
        .keepWhere(y.buffer(), mask.buffer(), x.buffer(), y.elements());
    return y;
  }

  /// The adjoint of broadcasting: g summed over the axes along which `to` was stretched. Takes g over.
  static Tensor sumTo(Scope scope, Tensor g, Shape to) {
    Tensor sum = g;
    int added = sum.shape().rank() - to.rank();
    if (added > 0) {
      Shape s = sum.shape();
      int[] rest = Arrays.copyOfRange(s.toArray(), added, s.rank());
      sum = sumMiddle(scope, sum, 1, s.product(0, added), Shape.of(rest));
    }
    for (int axis = 0; axis < to.rank(); axis++) {
      Shape s = sum.shape();
      if (to.size(axis) == 1 && s.size(axis) != 1) {
        sum = sumMiddle(scope, sum, s.product(0, axis), s.size(axis), s.with(axis, 1));
      }
    }
    return sum;
  }

  private static Tensor sumMiddle(Scope scope, Tensor x, int outer, int n, Shape to) {
    Tensor y = scope.real("sum", to);
    int inner = outer == 0 ? 0 : to.elements() / outer;
    scope.device().kernels().reduce().sum(y.buffer(), x.buffer(), outer, n, inner, 1);
    scope.release(x);
    return y;
  }

  private static String name(Unary op) {
    return Objects.requireNonNull(UNARY.get(op));
  }

  private static String name(Binary op) {
    return Objects.requireNonNull(BINARY.get(op));
  }

  private static <E extends Enum<E>> Map<E, String> names(Class<E> operations) {
    Map<E, String> names = new EnumMap<>(operations);
    for (E op : operations.getEnumConstants()) {
      names.put(op, method(op.name()));
    }
    return names;
  }

  /// The method of [Var] that an enum constant stands behind.
  private static String method(String words) {
    int gap = words.indexOf('_');
    return gap < 0
        ? words.toLowerCase(Locale.ROOT)
        : words.substring(0, gap).toLowerCase(Locale.ROOT)
            + words.charAt(gap + 1)
            + words.substring(gap + 2).toLowerCase(Locale.ROOT);
  }
}
