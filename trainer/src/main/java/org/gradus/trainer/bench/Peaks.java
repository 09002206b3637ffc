// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Table;

/// What a device does at best on this machine: three kernels with nothing around them, the fastest of several calls.
///
/// @param gflops a product of matrices of 1024 × 1024 numbers, or 256 × 256 in float64, 10⁹ operations a second
/// @param copyGbps numbers copied from one block of 64 MiB to another, 10⁹ bytes a second, both ways counted
/// @param rowGbps random rows of a table, read and written beside each other, 10⁹ bytes a second, both ways counted
/// @param rowWidth numbers of such a row
public record Peaks(double gflops, double copyGbps, double rowGbps, int rowWidth) {
  private static final int SIDE = 1024;
  private static final int SIDE_FLOAT64 = 256;

  /// Calls at least, however long they take: the first ones run before their code is compiled.
  private static final int LEAST_CALLS = 10;

  private static final int COPIED = 1 << 24;
  private static final int GATHERED = 1 << 16;
  private static final long TABLE_BYTES = 1L << 28;

  /// Measures a device.
  ///
  /// @param rowWidth width of the table's rows
  /// @param seconds for each of the three at least, warm-up included
  public static Peaks measure(Device device, int rowWidth, double seconds) {
    return new Peaks(
        products(device, seconds),
        copies(device, seconds),
        rows(device, rowWidth, seconds),
        rowWidth);
  }

  /// The better of two measurements of one device, number by number.
  public Peaks max(Peaks other) {
    return new Peaks(
        Math.max(gflops, other.gflops),
        Math.max(copyGbps, other.copyGbps),
        Math.max(rowGbps, other.rowGbps),
        rowWidth);
  }

  /// For JSON, named like those of [Measurement#toMap].
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("gflops", gflops);
    map.put("copy_gbps", copyGbps);
    map.put("row_gbps", rowGbps);
    map.put("row_width", rowWidth);
    return map;
  }

  private static double products(Device device, double seconds) {
    try (Scope scope = new Scope(device)) {
      int side = device.float64() ? SIDE_FLOAT64 : SIDE;
      Shape square = Shape.of(side, side);
      Buffer a = filled(scope, square);
      Buffer b = filled(scope, square);
      Buffer c = filled(scope, square);
      Product product = Product.of(side, side, side);
      double best =
          best(seconds, c, device, () -> device.kernels().matMul().multiply(c, a, b, product));
      return 2e-9 * side * side * side / best;
    }
  }

  private static double copies(Device device, double seconds) {
    try (Scope scope = new Scope(device)) {
      Shape block = Shape.of(COPIED);
      Buffer from = filled(scope, block);
      Buffer to = filled(scope, block);
      double best =
          best(
              seconds,
              to,
              device,
              () -> device.kernels().elementwise().unary(Unary.AFFINE, to, from, COPIED, 1, 0));
      return 8e-9 * COPIED / best;
    }
  }

  private static double rows(Device device, int width, double seconds) {
    int rows = Math.toIntExact(TABLE_BYTES / (4L * width));
    try (Scope scope = new Scope(device);
        Table table = device.table(rows, width)) {
      float[] some = new float[Math.min(rows, GATHERED) * width];
      for (int first = 0; first < rows; first += GATHERED) {
        // every row: memory that was never written is one page of zeros, and fast
        table.write(first, first + GATHERED <= rows ? some : new float[(rows - first) * width]);
      }
      int[] ids = new int[GATHERED];
      for (int i = 0; i < GATHERED; i++) {
        ids[i] = (int) Counter.below(0, i, rows);
      }
      Buffer places = device.allocate(Kind.INT, GATHERED);
      device.upload(places, ids);
      Buffer to = filled(scope, Shape.of(GATHERED, width));
      double best =
          best(
              seconds,
              to,
              device,
              () -> device.kernels().gather().rows(to, table, places, GATHERED));
      device.release(places);
      return 8e-9 * GATHERED * width / best;
    }
  }

  private static Buffer filled(Scope scope, Shape shape) {
    Buffer buffer = scope.real("peak", shape).buffer();
    scope.device().kernels().elementwise().fill(buffer, 0.5, shape.elements());
    return buffer;
  }

  /// The least seconds of a call, its result waited for.
  private static double best(double seconds, Buffer result, Device device, Runnable call) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long best = Long.MAX_VALUE;
    for (int calls = 0; calls < LEAST_CALLS || System.nanoTime() < end; calls++) {
      long begun = System.nanoTime();
      call.run();
      device.kernels().reduce().sumOfSquares(result, 1); // waits
      best = Math.min(best, System.nanoTime() - begun);
    }
    return best * 1e-9;
  }
}
