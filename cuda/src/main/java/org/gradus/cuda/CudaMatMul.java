// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels;
import org.jspecify.annotations.Nullable;

/// Matrix products: `matmul.cu`, or those of [CuBlas] where the device was told to use it.
final class CudaMatMul implements MatMulKernels {
  private static final int TILE = 64;
  private static final int GRID_YZ = 65_535;

  private final CudaDevice device;
  private final @Nullable CuBlas library;
  private final Launch launch;
  private final Kernel multiply;
  private final Kernel activate;
  private final Kernel derive;

  /// Products of a library, or of our own kernel (null).
  CudaMatMul(CudaDevice device, @Nullable CuBlas library) {
    this.device = device;
    this.library = library;
    launch = device.launch();
    Module module = device.module("matmul");
    multiply = module.kernel("multiply");
    activate = module.kernel("activate");
    derive = module.kernel("derive");
  }

  /// A matrix in a buffer, as stored.
  ///
  /// @param at its first element
  /// @param apart elements from one row to the next
  /// @param transposed whether it is read transposed
  record Matrix(Buffer buffer, long at, int apart, boolean transposed) {
    /// Where on the GPU its first element lies.
    long address() {
      return CudaBuffer.of(buffer).memory().address() + at * Float.BYTES;
    }
  }

  /// How many products, and how large: op(A) `[m, k]`, op(B) `[k, n]`; strides are elements from one matrix to the next.
  record Sizes(int batch, int m, int n, int k, long strideA, long strideB, long strideC) {}

  /// C (+)= op(A) op(B), with all of A, B and C parts of larger matrices.
  void multiply(Matrix c, Matrix a, Matrix b, int m, int n, int k, boolean accumulate) {
    run(c, a, b, null, Activation.IDENTITY, new Sizes(1, m, n, k, 0, 0, 0), accumulate);
  }

  @Override
  public void multiply(Buffer c, Buffer a, Buffer b, Product s) {
    run(
        new Matrix(c, 0, s.n(), false),
        new Matrix(a, 0, s.transposeA() ? s.m() : s.k(), s.transposeA()),
        new Matrix(b, 0, s.transposeB() ? s.k() : s.n(), s.transposeB()),
        null,
        Activation.IDENTITY,
        new Sizes(s.batch(), s.m(), s.n(), s.k(), s.strideA(), s.strideB(), (long) s.m() * s.n()),
        s.accumulate());
  }

  private void run(
      Matrix c,
      Matrix a,
      Matrix b,
      @Nullable Buffer bias,
      Activation act,
      Sizes s,
      boolean accumulate) {
    if (s.batch() == 0 || s.m() == 0 || s.n() == 0) {
      return;
    }
    if (library != null && s.k() > 0) {
      library.multiply(c, a, b, s, accumulate);
      if (bias != null) {
        long all = (long) s.m() * s.n();
        launch.of(activate).buffer(c.buffer()).buffer(bias).choice(act).number(s.n()).big(all);
        launch.each(all);
      }
      return;
    }
    launch
        .of(multiply)
        .buffer(c.buffer(), c.at())
        .buffer(a.buffer(), s.k() == 0 ? 0 : a.at())
        .buffer(b.buffer(), s.k() == 0 ? 0 : b.at())
        .buffer(bias)
        .choice(act)
        .number(s.batch())
        .number(s.m())
        .number(s.n())
        .number(s.k())
        .number(a.apart())
        .number(b.apart())
        .number(c.apart())
        .flag(a.transposed())
        .flag(b.transposed())
        .big(s.strideA())
        .big(s.strideB())
        .big(s.strideC())
        .flag(accumulate)
        .grid(tiles(s.m()), tiles(s.n()), Math.min(s.batch(), GRID_YZ), 256, 1);
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
        new Sizes(1, m, n, k, 0, 0, 0),
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
