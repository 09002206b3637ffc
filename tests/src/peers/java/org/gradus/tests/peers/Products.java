// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Products of matrices, on the same numbers, into memory that is there already.
///
/// Before the clock runs, some elements of each result are compared with a sum in float64: |c − Σ ab| ≤ k·u/(1−k·u) Σ |ab| holds for
/// every order of summation (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1), u = 2⁻²⁴.
final class Products {
  /// The shapes of six layers: m, n, k.
  private static final int[][] SHAPES = {
    {512, 512, 512},
    {1024, 1024, 1024},
    {2048, 512, 1024},
    {2048, 64, 429},
    {2048, 400, 429},
    {2048, 400, 400}
  };

  private static final int CHECKED = 64;

  private final Device device;
  private final @Nullable Torch peer;

  Products(Device device, @Nullable Torch peer) {
    this.device = device;
    this.peer = peer;
  }

  /// A product and its operands.
  ///
  /// @param shapeA how A is stored, without the batch
  /// @param shapeB how B is stored
  private record Operands(String name, Product product, int[] shapeA, int[] shapeB) {
    double flops() {
      return 2.0 * product.batch() * product.m() * product.n() * product.k();
    }
  }

  /// All cases: each shape as it is, with B and with A transposed, and the two batched products of a dot interaction.
  List<PeerCase> all(Scope scope) {
    List<PeerCase> cases = new ArrayList<>();
    for (int[] s : SHAPES) {
      int m = s[0];
      int n = s[1];
      int k = s[2];
      String name = String.format(Locale.ROOT, "%d×%d×%d", m, n, k);
      cases.add(
          of(
              new Operands(
                  "gemm NN " + name, Product.of(m, n, k), new int[] {m, k}, new int[] {k, n}),
              scope));
      cases.add(
          of(
              new Operands(
                  "gemm NT " + name,
                  Product.of(m, n, k).transposedB(),
                  new int[] {m, k},
                  new int[] {n, k}),
              scope));
      // the gradient of the weights: the long axis is summed over
      cases.add(
          of(
              new Operands(
                  "gemm TN " + name,
                  Product.of(k, n, m).transposedA(),
                  new int[] {m, k},
                  new int[] {m, n}),
              scope));
    }
    cases.add(
        of(
            new Operands(
                "batched 27×128 @ 128×27",
                new Product(2048, 27, 27, 128, false, true, 27 * 128, 27 * 128, false),
                new int[] {27, 128},
                new int[] {27, 128}),
            scope));
    cases.add(
        of(
            new Operands(
                "batched 27×27 @ 27×128",
                new Product(2048, 27, 128, 27, false, false, 27 * 27, 27 * 128, false),
                new int[] {27, 27},
                new int[] {27, 128}),
            scope));
    return cases;
  }

  private PeerCase of(Operands o, Scope scope) {
    Product p = o.product;
    float[] a = numbers(1, p.batch() * o.shapeA[0] * o.shapeA[1]);
    float[] b = numbers(2, p.batch() * o.shapeB[0] * o.shapeB[1]);
    var left = scope.upload(Shape.of(a.length), a).buffer();
    var right = scope.upload(Shape.of(b.length), b).buffer();
    var result = scope.real("product", Shape.of(p.batch() * p.m() * p.n()));
    var kernels = device.kernels().matMul();
    List<Side> sides = new ArrayList<>();
    Side ours = Side.ours(() -> kernels.multiply(result.buffer(), left, right, p));
    ours.call().run();
    check(o, a, b, result.toFloats(), ours.name());
    sides.add(ours);
    if (peer != null) {
      sides.add(peer.call(() -> torchSide(o, a, b)));
    }
    return new PeerCase(o.name, "GFLOP/s", o.flops() * 1e-9, sides);
  }

  private static Side torchSide(Operands o, float[] a, float[] b) {
    Product p = o.product;
    boolean batched = p.batch() > 1;
    Tensor left = tensor(a, p.batch(), o.shapeA);
    Tensor right = tensor(b, p.batch(), o.shapeB);
    Tensor out = batched ? torch.empty(p.batch(), p.m(), p.n()) : torch.empty(p.m(), p.n());
    Runnable call =
        () -> {
          Tensor x = p.transposeA() ? left.transpose(-2, -1) : left;
          Tensor y = p.transposeB() ? right.transpose(-2, -1) : right;
          if (batched) {
            torch.bmm_out(out, x, y);
          } else {
            torch.mm_out(out, x, y);
          }
        };
    call.run();
    float[] found = new float[p.batch() * p.m() * p.n()];
    out.data_ptr_float().get(found);
    check(o, a, b, found, "libtorch");
    return Side.torch("libtorch", call);
  }

  private static Tensor tensor(float[] values, int batch, int[] shape) {
    return batch > 1
        ? Tensor.create(values, batch, shape[0], shape[1])
        : Tensor.create(values, shape[0], shape[1]);
  }

  private static float[] numbers(long key, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = 2 * Counter.uniform(key, i) - 1;
    }
    return values;
  }

  private static void check(Operands o, float[] a, float[] b, float[] c, String side) {
    Product p = o.product;
    double ku = p.k() * 0x1p-24;
    for (int i = 0; i < CHECKED; i++) {
      int at = (int) Counter.below(3, i, c.length);
      int column = at % p.n();
      int row = at / p.n() % p.m();
      int batch = at / (p.n() * p.m());
      double sum = 0;
      double magnitudes = 0;
      for (int k = 0; k < p.k(); k++) {
        int placeA = p.transposeA() ? k * p.m() + row : row * p.k() + k;
        int placeB = p.transposeB() ? column * p.k() + k : k * p.n() + column;
        double term = (double) a[batch * p.strideA() + placeA] * b[batch * p.strideB() + placeB];
        sum += term;
        magnitudes += Math.abs(term);
      }
      double bound = ku / (1 - ku) * magnitudes;
      if (!(Math.abs(c[at] - sum) <= bound)) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "%s on %s: element %d is %.9g, in float64 %.9g. Expected a difference of at most"
                    + " %.2g.",
                o.name,
                side,
                at,
                c[at],
                sum,
                bound));
      }
    }
  }
}
