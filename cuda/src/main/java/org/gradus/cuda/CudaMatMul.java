// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels;
import org.jspecify.annotations.Nullable;

/// Matrix products: `matmul.cu`.
final class CudaMatMul implements MatMulKernels {
  private static final int TILE = 64;
  private static final int GRID_YZ = 65_535;

  private final CudaDevice device;
  private final Launch launch;
  private final Kernel multiply;
  private final Kernel derive;

  CudaMatMul(CudaDevice device) {
    this.device = device;
    launch = device.launch();
    Module module = device.module("matmul");
    multiply = module.kernel("multiply");
    derive = module.kernel("derive");
  }

  /// A matrix in a buffer, as stored.
  ///
  /// @param at its first element
  /// @param apart elements from one row to the next
  /// @param transposed whether it is read transposed
  record Matrix(Buffer buffer, long at, int apart, boolean transposed) {}

  /// C (+)= op(A) op(B), with all of A, B and C parts of larger matrices.
  void multiply(Matrix c, Matrix a, Matrix b, int m, int n, int k, boolean accumulate) {
    long[] strides = {0, 0, 0};
    run(c, a, b, null, Activation.IDENTITY, new int[] {1, m, n, k}, strides, accumulate);
  }

  @Override
  public void multiply(Buffer c, Buffer a, Buffer b, Product s) {
    run(
        new Matrix(c, 0, s.n(), false),
        new Matrix(a, 0, s.transposeA() ? s.m() : s.k(), s.transposeA()),
        new Matrix(b, 0, s.transposeB() ? s.k() : s.n(), s.transposeB()),
        null,
        Activation.IDENTITY,
        new int[] {s.batch(), s.m(), s.n(), s.k()},
        new long[] {s.strideA(), s.strideB(), (long) s.m() * s.n()},
        s.accumulate());
  }

  private void run(
      Matrix c,
      Matrix a,
      Matrix b,
      @Nullable Buffer bias,
      Activation act,
      int[] sizes,
      long[] strides,
      boolean accumulate) {
    int batch = sizes[0];
    int m = sizes[1];
    int n = sizes[2];
    if (batch == 0 || m == 0 || n == 0) {
      return;
    }
    launch
        .of(multiply)
        .buffer(c.buffer(), c.at())
        .buffer(a.buffer(), sizes[3] == 0 ? 0 : a.at())
        .buffer(b.buffer(), sizes[3] == 0 ? 0 : b.at())
        .buffer(bias)
        .choice(act)
        .number(batch)
        .number(m)
        .number(n)
        .number(sizes[3])
        .number(a.apart())
        .number(b.apart())
        .number(c.apart())
        .flag(a.transposed())
        .flag(b.transposed())
        .big(strides[0])
        .big(strides[1])
        .big(strides[2])
        .flag(accumulate)
        .grid(tiles(m), tiles(n), Math.min(batch, GRID_YZ), 256, 1);
  }

  private static int tiles(int n) {
    return (n + TILE - 1) / TILE;
  }

  @Override
  public void linear(Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int k) {
    run(
        new Matrix(y, 0, n, false),
        new Matrix(x, 0, k, false),
        new Matrix(w, 0, n, false),
        b,
        act,
        new int[] {1, m, n, k},
        new long[] {0, 0, 0},
        false);
  }

  @Override
  public void linearBackward(
      Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n) {
    int all = m * n;
    launch.of(derive).buffer(dz).buffer(dy).buffer(y).choice(act).number(all).each(all);
    device.kernels().reduce().sum(db, dz, 1, m, n, 1);
  }
}
