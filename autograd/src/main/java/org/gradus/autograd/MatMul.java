// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Arrays;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Matrix products over the last two axes, the fully connected layer, and contractions.
final class MatMul {
  private MatMul() {}

  /// C = op(A) op(B);  dA = dC op(B)ᵀ,  dB = op(A)ᵀ dC, transposed back where op transposes
  static Var matmul(Var a, Var b, boolean transposeA, boolean transposeB) {
    int rankA = a.shape().rank();
    int rankB = b.shape().rank();
    if (rankA < 2 || rankB < 2 || a.size(transposeA ? -2 : -1) != b.size(transposeB ? -1 : -2)) {
      throw mismatch(a.shape(), b.shape(), transposeA, transposeB);
    }
    int k = b.size(transposeB ? -1 : -2);
    int n = b.size(transposeB ? -2 : -1);
    if (rankB == 2 && !transposeA) {
      // One tall product instead of many: the rows of all of A's matrices times one B.
      Shape to = a.shape().with(-1, n);
      int m = a.shape().product(0, rankA - 1);
      return product(a, b, to, plan(1, m, n, k, false, transposeB));
    }
    Shape batchA = Shape.of(Arrays.copyOf(a.shape().toArray(), rankA - 2));
    Shape batchB = Shape.of(Arrays.copyOf(b.shape().toArray(), rankB - 2));
    Shape batch = Shape.broadcast("matmul", batchA, batchB);
    int m = a.size(transposeA ? -1 : -2);
    Shape to = batch.insert(batch.rank(), m).insert(batch.rank() + 1, n);
    // A shared matrix is read again for each product; one that is stretched on some axes only is
    // copied.
    boolean sharedA = batchA.elements() == 1 && batch.elements() != 1;
    boolean sharedB = batchB.elements() == 1 && batch.elements() != 1;
    boolean wholeA = batchA.elements() == batch.elements();
    boolean wholeB = batchB.elements() == batch.elements();
    Var x = sharedA || wholeA ? a : Layout.expand(a, matrices(batch, a));
    Var z = sharedB || wholeB ? b : Layout.expand(b, matrices(batch, b));
    Product plan = plan(batch.elements(), m, n, k, transposeA, transposeB);
    return product(x, z, to, strides(plan, sharedA ? 0 : m * k, sharedB ? 0 : k * n));
  }

  private static Shape matrices(Shape batch, Var x) {
    return batch.insert(batch.rank(), x.size(-2)).insert(batch.rank() + 1, x.size(-1));
  }

  private static Product plan(int batch, int m, int n, int k, boolean tA, boolean tB) {
    return new Product(batch, m, n, k, tA, tB, m * k, k * n, false);
  }

  private static Product strides(Product p, int a, int b) {
    return new Product(p.batch(), p.m(), p.n(), p.k(), p.transposeA(), p.transposeB(), a, b, false);
  }

  private static Var product(Var a, Var b, Shape to, Product p) {
    Tape tape = a.tape();
    Scope s = tape.scope();
    boolean tA = p.transposeA();
    boolean tB = p.transposeB();
    int strideC = p.m() * p.n();
    return tape.record(
        "matmul",
        multiply(s, a.value(), b.value(), p, to),
        (dy, dx) -> {
          if (dx.wants(0)) {
            // stored [m, k]: dC op(B)ᵀ;  stored [k, m]: op(B) dCᵀ
            Product back =
                tA
                    ? strides(plan(p.batch(), p.k(), p.m(), p.n(), tB, true), p.strideB(), strideC)
                    : strides(
                        plan(p.batch(), p.m(), p.k(), p.n(), false, !tB), strideC, p.strideB());
            Tensor left = tA ? b.value() : dy;
            Tensor right = tA ? dy : b.value();
            dx.give(0, summed(s, left, right, back, p.strideA() == 0, a.shape()));
          }
          if (dx.wants(1)) {
            // stored [k, n]: op(A)ᵀ dC;  stored [n, k]: dCᵀ op(A)
            Product back =
                tB
                    ? strides(plan(p.batch(), p.n(), p.k(), p.m(), true, tA), strideC, p.strideA())
                    : strides(
                        plan(p.batch(), p.k(), p.n(), p.m(), !tA, false), p.strideA(), strideC);
            Tensor left = tB ? dy : a.value();
            Tensor right = tB ? a.value() : dy;
            dx.give(1, summed(s, left, right, back, p.strideB() == 0, b.shape()));
          }
        },
        a,
        b);
  }

  /// The products, added up when they are all the gradient of one shared matrix.
  private static Tensor summed(
      Scope s, Tensor left, Tensor right, Product p, boolean shared, Shape to) {
    if (!shared) {
      return multiply(s, left, right, p, to);
    }
    Shape each = Shape.of(p.batch(), p.m(), p.n());
    Tensor one = Elementwise.sumTo(s, multiply(s, left, right, p, each), Shape.of(p.m(), p.n()));
    Tensor g = s.reshape(one, to);
    s.release(one);
    return g;
  }

  private static Tensor multiply(Scope s, Tensor a, Tensor b, Product p, Shape to) {
    Tensor c = s.real("matmul", to);
    s.device().kernels().matMul().multiply(c.buffer(), a.buffer(), b.buffer(), p);
    return c;
  }

  private static IllegalArgumentException mismatch(Shape a, Shape b, boolean tA, boolean tB) {
    String hint = "";
    if (!tA && b.rank() == 2 && a.rank() > 2) {
      for (int axis = a.rank() - 2; axis > 0; axis--) {
        if (a.product(axis, a.rank()) == b.size(tB ? 1 : 0)) {
          Shape flat = Shape.of(Arrays.copyOf(a.toArray(), axis)).insert(axis, b.size(tB ? 1 : 0));
          hint = "; flatten(" + axis + ") would make the left operand " + flat;
        }
      }
    }
    return new IllegalArgumentException(
        "matmul: "
            + a
            + (tA ? "ᵀ" : "")
            + " × "
            + b
            + (tB ? "ᵀ" : "")
            + ". Expected […, m, k] × […, k, n]"
            + hint
            + ".");
  }

  /// y = act(x W + b);  dz = dy · act′,  dx = dz Wᵀ,  dW = xᵀ dz,  db = Σ_rows dz
  static Var linear(Var x, Var w, Var b, Activation act) {
    Tape tape = x.tape();
    Scope s = tape.scope();
    if (x.shape().rank() < 1
        || w.shape().rank() != 2
        || x.size(-1) != w.size(0)
        || b.shape().rank() != 1
        || b.size(0) != w.size(1)) {
      throw new IllegalArgumentException(
          "linear: x "
              + x.shape()
              + ", weight "
              + w.shape()
              + ", bias "
              + b.shape()
              + ". Expected x […, in], weight [in, out], bias [out].");
    }
    int k = w.size(0);
    int n = w.size(1);
    int m = x.shape().product(0, x.shape().rank() - 1);
    Tensor y = s.real("linear", x.shape().with(-1, n));
    tape.kernels()
        .matMul()
        .linear(
            y.buffer(), x.value().buffer(), w.value().buffer(), b.value().buffer(), act, m, n, k);
    if (act == Activation.RELU) {
      Kinks.unary(tape, "linear", Unary.RELU, y, 0, 0);
    }
    return tape.record(
        "linear",
        y,
        (dy, dx) -> {
          boolean inPlace = act == Activation.IDENTITY || dy.sole();
          Tensor dz = inPlace ? s.share(dy) : s.real("linear", y.shape());
          Tensor db = s.real("linear", b.shape());
          tape.kernels()
              .matMul()
              .linearBackward(dz.buffer(), db.buffer(), dy.buffer(), y.buffer(), act, m, n);
          dx.give(2, db);
          if (dx.wants(1)) {
            Product p = Product.of(k, n, m).transposedA();
            dx.give(1, multiply(s, x.value(), dz, p, w.shape()));
          }
          if (dx.wants(0)) {
            Product p = Product.of(m, k, n).transposedB();
            dx.give(0, multiply(s, dz, w.value(), p, x.shape()));
          }
          s.release(dz);
        },
        x,
        w,
        b);
  }

  /// c = Σ over pairs of axes, composed of a permutation of each side and one product
  static Var tensordot(Var a, Var b, int[] axesA, int[] axesB) {
    int n = axesA.length;
    boolean fits = axesB.length == n;
    for (int i = 0; fits && i < n; i++) {
      fits = a.size(axesA[i]) == b.size(axesB[i]);
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "tensordot: axes "
              + Arrays.toString(axesA)
              + " of "
              + a.shape()
              + " with "
              + Arrays.toString(axesB)
              + " of "
              + b.shape()
              + ". Expected as many axes on both sides, with equal sizes pair by pair.");
    }
    int[] freeA = free(a.shape(), axesA);
    int[] freeB = free(b.shape(), axesB);
    int[] sizes = new int[freeA.length + freeB.length];
    int rows = 1;
    for (int i = 0; i < freeA.length; i++) {
      sizes[i] = a.size(freeA[i]);
      rows *= sizes[i];
    }
    int columns = 1;
    for (int i = 0; i < freeB.length; i++) {
      sizes[freeA.length + i] = b.size(freeB[i]);
      columns *= sizes[freeA.length + i];
    }
    int inner = 1;
    for (int axis : axesA) {
      inner *= a.size(axis);
    }
    Var left = a.permute(joined(freeA, axesA)).reshape(rows, inner);
    Var right = b.permute(joined(axesB, freeB)).reshape(inner, columns);
    return left.matmul(right).reshape(sizes);
  }

  private static int[] free(Shape s, int[] contracted) {
    boolean[] taken = new boolean[s.rank()];
    for (int axis : contracted) {
      taken[s.axis(axis)] = true;
    }
    int[] free = new int[s.rank()];
    int n = 0;
    for (int i = 0; i < taken.length; i++) {
      if (!taken[i]) {
        free[n++] = i;
      }
    }
    return Arrays.copyOf(free, n);
  }

  private static int[] joined(int[] first, int[] second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  /// c [B, u] = Σ_pq a [B, p, q] · b [p, q, u], composed
  static Var contract(Var a, Var b) {
    if (a.shape().rank() != 3
        || b.shape().rank() != 3
        || a.size(1) != b.size(0)
        || a.size(2) != b.size(1)) {
      throw new IllegalArgumentException(
          "contract: " + a.shape() + " with " + b.shape() + ". Expected [B, p, q] with [p, q, u].");
    }
    return a.flatten(1).matmul(b.reshape(b.size(0) * b.size(1), b.size(2)));
  }
}
