// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.JaggedKernels.Slice;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.UpdateKernels.Adam;
import org.gradus.tensor.UpdateKernels.Ftrl;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;

/// Runs every kernel as often as the virtual machine needs to compile it in full, for [CompilationTest].
final class CompilationProgram {
  private static final int ROUNDS = 2_000;

  /// A machine that is busy with other things is given this long.
  private static final long MOST_NANOS = 120_000_000_000L;

  private static final int N = 1 << 12;

  private final float[] a = new float[1 << 16];
  private final float[] c = new float[1 << 16];
  private final Buffer x = real();
  private final Buffer y = real();
  private final Buffer z = real();
  private final Buffer w = real();
  private final Buffer ids = new Ints(new int[64], 64);
  private final Buffer offsets = new Ints(new int[64], 64);

  private CompilationProgram() {}

  public static void main(String[] args) throws InterruptedException {
    CompilationProgram program = new CompilationProgram();
    long begun = System.nanoTime();
    double sum = 0;
    try (Workers workers = new Workers(1);
        CpuDevice device = new CpuDevice(DeviceOptions.defaults().withThreads(1))) {
      Gemm gemm = new Gemm(workers);
      for (int i = 0; i < ROUNDS && System.nanoTime() - begun < MOST_NANOS; i++) {
        EveryKernel.run(device);
        for (int repeat = 0; repeat < 4; repeat++) {
          program.products(gemm);
          program.vectors(gemm);
          program.numbers(device);
          sum += kept(program.a) + compiled(program.a);
        }
      }
    }
    awaitCompiler();
    System.out.println(sum);
  }

  /// What is under way or waits is compiled too.
  private static void awaitCompiler() throws InterruptedException {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long before;
    do {
      before = compiler.getTotalCompilationTime();
      Thread.sleep(1_000);
    } while (compiler.getTotalCompilationTime() > before);
  }

  /// Is excluded from compilation by a flag: the test must notice.
  private static float kept(float[] values) {
    float sum = 0;
    for (int i = 0; i < 100; i++) {
      sum += values[i];
    }
    return sum;
  }

  /// The same, not excluded.
  private static float compiled(float[] values) {
    float sum = 0;
    for (int i = 0; i < 100; i++) {
      sum += values[i];
    }
    return sum;
  }

  /// All shapes that choose another inner loop.
  private void products(Gemm gemm) {
    for (int m : List.of(GemmPart.ROWS, 6, 4)) {
      for (int n : List.of(GemmPart.COLUMNS, Lanes.WIDTH)) {
        multiply(gemm, m, n, false);
        multiply(gemm, m, n, true);
      }
    }
    multiply(gemm, 5 * GemmPart.ROWS, GemmPart.COLUMNS, true); // strips side by side
  }

  private void multiply(Gemm gemm, int m, int n, boolean transposed) {
    Matrix from = Matrix.of(a, 64);
    Matrix operand = transposed ? from.transpose() : from;
    gemm.multiply(Product.of(m, n, 60, operand, operand, Matrix.of(c, 64), Epilogue.STORE));
  }

  /// Rows and columns as results, of a matrix that is stored either way.
  private void vectors(Gemm gemm) {
    multiply(gemm, 200, 1, false);
    multiply(gemm, 200, 1, true);
    multiply(gemm, 1, 60, false);
    multiply(gemm, 1, 60, true);
  }

  /// Kernels on numbers one by one, which [EveryKernel] calls once each.
  private void numbers(CpuDevice device) {
    var elementwise = device.kernels().elementwise();
    for (Unary op : Unary.values()) {
      elementwise.unary(op, y, x, N, -0.25, 0.75);
      elementwise.unaryBackward(op, z, w, x, y, N, -0.25, 0.75);
    }
    elementwise.addScaled(y, x, 0.1, N);
    var update = device.kernels().update();
    update.sgd(w, x, 0.1, N);
    update.momentum(w, y, x, 0.1, 0.9, false, N);
    update.momentum(w, y, x, 0.1, 0.9, true, N);
    update.adagrad(w, z, x, 0.1, 1e-10, N);
    update.adam(w, y, z, x, new Adam(0.01, 0.9, 0.999, 1e-8, 1, 1), N);
    update.ftrl(w, y, z, x, new Ftrl(0.1, 1, 0.5, 0.2), N);
    update.proximal(w, 64, 64, 0.01, 0.01);
    var loss = device.kernels().loss();
    loss.crossEntropy(y, x, x, N);
    loss.crossEntropyBackward(z, y, x, x, N);
    var reduce = device.kernels().reduce();
    reduce.sum(y, x, 64, 64, 1, 1);
    reduce.sum(y, x, 64, 8, 8, 1);
    reduce.firstNonFinite(w, N);
    var gather = device.kernels().gather();
    gather.pick(y, x, ids, 64, 64);
    gather.pickBackward(z, y, ids, 64, 64);
    device.kernels().matMul().linearBackward(w, z, x, y, Activation.SIGMOID, 64, 32);
    var layout = device.kernels().layout();
    layout.read(y, x, new View(0, new int[] {8, 200}, new int[] {512, 2}));
    layout.read(y, x, new View(0, new int[] {64, 64}, new int[] {1, 64}));
    var interaction = device.kernels().interaction();
    interaction.pairwise(y, z, x, 16, 8, 32);
    interaction.weightedSum(y, z, x, 16, 8, 32);
    for (boolean perRow : List.of(true, false)) {
      interaction.cross(y, x, z, x, 64, 64, perRow);
      interaction.crossBackward(y, z, w, x, x, 64, 64, perRow);
    }
    device.kernels().jagged().places(ids, ids, 0, ids, offsets, new Slice(0, 32, -1, 0, 1));
  }

  private static Buffer real() {
    return new Floats(new float[N], N);
  }
}
