// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jcuda.driver.JCudaDriver;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.JaggedKernels.Bags;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.MatMulKernels.Product;
import org.gradus.tensor.Pooling;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;

/// How long kernels take, beside what the GPU copies and cuBLAS multiplies at best; tables of Markdown on standard output.
/// `--dry-run` takes sizes that a simulated driver bears.
///
/// A time is that of a call among many that follow each other without waiting, the least of some rounds: the GPU's own time where a
/// kernel takes longer than its launch.
final class KernelTimes {
  private static final int WIDTH = 64;
  private static final int FIELDS = 26;

  private final CudaDevice device;
  private final boolean dry;
  private final int n;
  private final Buffer small;

  private KernelTimes(CudaDevice device, boolean dry) {
    this.device = device;
    this.dry = dry;
    n = dry ? 1 << 12 : 1 << 25; // 128 MiB, more than a cache holds
    small = device.allocate(Kind.REAL, 1);
    device.kernels().elementwise().fill(small, 1, 1);
  }

  /// A kernel, and the bytes that it has to read and write.
  private record Case(String name, double bytes, Runnable call) {}

  /// See the class.
  public static void main(String[] args) {
    boolean dry = List.of(args).contains("--dry-run");
    DeviceOptions options = new DeviceOptions(1, 0, false);
    try (CudaDevice device = new CudaDevice(0, options)) {
      KernelTimes times = new KernelTimes(device, dry);
      times.memory();
      times.launches();
    }
    System.out.println("\n| Product, float32 | by | ms | GFLOP/s | share of cuBLAS |");
    System.out.println("| --- | --- | ---: | ---: | ---: |");
    boolean found = !CuBlasLibrary.describe(CuBlasLibrary.candidates()).startsWith("no ");
    int side = dry ? 48 : 2048;
    int[][] shapes = dry ? new int[][] {{side, side, side}} : shapes();
    for (int[] s : shapes) {
      for (int layout = 0; layout < 3; layout++) {
        double library = found ? products(options, dry, "cublas", s, layout) : Double.NaN;
        double own = products(options, dry, "own", s, layout);
        if (found) {
          product("cuBLAS", s, layout, library, Double.NaN);
        }
        product("our own kernel", s, layout, own, library / own);
      }
    }
    if (!found) {
      System.out.println("\ncuBLAS was not found: nothing says what this GPU multiplies at best.");
    }
  }

  /// Squares, and the layers of DeepFM and DLRM at 2,048 examples.
  private static int[][] shapes() {
    return new int[][] {
      {2048, 2048, 2048},
      {4096, 4096, 4096},
      {2048, 400, 429},
      {2048, 400, 400},
      {2048, 512, 415},
      {2048, 64, 256}
    };
  }

  private static double products(
      DeviceOptions options, boolean dry, String gemm, int[] s, int layout) {
    try (CudaDevice device = new CudaDevice(0, options.withSettings(Map.of("cuda.gemm", gemm)))) {
      KernelTimes times = new KernelTimes(device, dry);
      Buffer a = times.filled(s[0] * s[2]);
      Buffer b = times.filled(s[2] * s[1]);
      Buffer c = times.filled(s[0] * s[1]);
      Product plain = Product.of(s[0], s[1], s[2]);
      Product shape = layout == 0 ? plain : layout == 1 ? plain.transposedB() : plain.transposedA();
      return times.seconds(() -> device.kernels().matMul().multiply(c, a, b, shape));
    }
  }

  private static void product(String by, int[] s, int layout, double seconds, double share) {
    System.out.printf(
        Locale.ROOT,
        "| %s %d×%d×%d | %s | %.4f | %.0f | %s |%n",
        List.of("NN", "NT", "TN").get(layout),
        s[0],
        s[1],
        s[2],
        by,
        1e3 * seconds,
        2e-9 * s[0] * s[1] * s[2] / seconds,
        Double.isNaN(share) ? "" : String.format(Locale.ROOT, "%.0f %%", 100 * share));
  }

  private Buffer filled(int elements) {
    Buffer b = device.allocate(Kind.REAL, elements);
    device.kernels().elementwise().fill(b, 0.5, elements);
    return b;
  }

  private Buffer ids(int elements, int bound) {
    int[] ids = new int[elements];
    for (int i = 0; i < elements; i++) {
      ids[i] = (int) Counter.below(1, i, bound);
    }
    Buffer b = device.allocate(Kind.INT, elements);
    device.upload(b, ids);
    return b;
  }

  private void waitForAll() {
    device.download(new float[1], small);
  }

  /// The least seconds of a call, over some rounds of calls.
  private double seconds(Runnable call) {
    int rounds = dry ? 1 : 8;
    int calls = dry ? 2 : 20;
    call.run();
    waitForAll();
    double least = Double.POSITIVE_INFINITY;
    for (int r = 0; r < rounds; r++) {
      long begun = System.nanoTime();
      for (int c = 0; c < calls; c++) {
        call.run();
      }
      waitForAll();
      least = Math.min(least, (System.nanoTime() - begun) * 1e-9 / calls);
    }
    return least;
  }

  private void memory() {
    double copied = 8.0 * n;
    double copy = copied / seconds(this.copy());
    System.out.printf(
        Locale.ROOT,
        "The driver copies %.0f GB/s, what is read and what is written counted.%n%n",
        copy * 1e-9);
    System.out.println("| Kernel bound by memory | ms | GB/s | share of the copy |");
    System.out.println("| --- | ---: | ---: | ---: |");
    for (Case c : cases()) {
      double s = seconds(c.call());
      System.out.printf(
          Locale.ROOT,
          "| %s | %.4f | %.0f | %.0f %% |%n",
          c.name(),
          1e3 * s,
          c.bytes() / s * 1e-9,
          100 * c.bytes() / s / copy);
    }
  }

  private Runnable copy() {
    GpuMemory from = device.memory(4L * n);
    GpuMemory to = device.memory(4L * n);
    from.fill(0);
    return () ->
        device
            .gpu()
            .check(
                JCudaDriver.cuMemcpyDtoDAsync(
                    to.from(0), from.from(0), 4L * n, device.gpu().enter()),
                "copy");
  }

  private List<Case> cases() {
    Kernels k = device.kernels();
    Buffer x = filled(n);
    Buffer y = filled(n);
    Buffer z = filled(n);
    Buffer w = filled(n);
    int rows = n / WIDTH;
    int side = 1 << ((31 - Integer.numberOfLeadingZeros(n)) / 2);
    List<Case> all = new ArrayList<>();
    all.add(
        new Case(
            "elementwise, 2x + 1",
            8.0 * n,
            () -> k.elementwise().unary(Unary.AFFINE, y, x, n, 2, 1)));
    all.add(
        new Case(
            "elementwise, sigmoid",
            8.0 * n,
            () -> k.elementwise().unary(Unary.SIGMOID, y, x, n, 0, 0)));
    all.add(
        new Case(
            "elementwise, x + y", 12.0 * n, () -> k.elementwise().binary(Binary.ADD, z, x, y, n)));
    View turned = new View(0, new int[] {side, n / side}, new int[] {1, side});
    all.add(new Case("layout, transpose", 8.0 * n, () -> k.layout().read(y, x, turned)));
    all.add(
        new Case(
            "reduce, sums of rows of 64", 4.0 * n, () -> k.reduce().sum(y, x, rows, WIDTH, 1, 1)));
    all.add(
        new Case(
            "reduce, sums of 64 columns", 4.0 * n, () -> k.reduce().sum(y, x, 1, rows, WIDTH, 1)));
    all.add(
        new Case(
            "softmax, rows of 64", 8.0 * n, () -> k.softmax().softmax(y, x, null, rows, WIDTH)));
    all.add(
        new Case(
            "norm, rows of 64", 8.0 * n, () -> k.norm().normalizeRows(y, z, x, rows, WIDTH, 1e-5)));
    all.add(new Case("random, dropout", 4.0 * n, () -> k.random().dropout(y, 7, 0.5, n)));
    all.add(new Case("update, gradient descent", 12.0 * n, () -> k.update().sgd(x, y, 1e-9, n)));
    UpdateKernels.Adam adam = new UpdateKernels.Adam(1e-9, 0.9, 0.999, 1e-8, 0.1, 0.001);
    all.add(new Case("update, Adam", 28.0 * n, () -> k.update().adam(x, y, z, w, adam, n)));
    rows(all);
    return all;
  }

  /// Lookups in tables: random rows of 64 numbers, and one of every 26 fields of an example.
  private void rows(List<Case> all) {
    Kernels k = device.kernels();
    int batch = dry ? 8 : 16_384;
    int rows = dry ? 64 : 1 << 20;
    Table table = device.table(rows, WIDTH);
    Buffer places = ids(batch * FIELDS, rows);
    Buffer y = filled(batch * FIELDS * WIDTH);
    double bytes = 8.0 * batch * FIELDS * WIDTH + 4.0 * batch * FIELDS;
    all.add(
        new Case(
            "gather, rows of 64 of a table",
            bytes,
            () -> k.gather().rows(y, table, places, batch * FIELDS)));
    Buffer offsets = device.allocate(Kind.INT, batch * FIELDS + 1);
    k.layout().multiples(offsets, 1, batch * FIELDS + 1);
    List<Bags> features = new ArrayList<>();
    for (int f = 0; f < FIELDS; f++) {
      features.add(new Bags(table, Pooling.SUM, -1));
    }
    all.add(
        new Case(
            "jagged, 26 bags of one row of 64",
            bytes,
            () -> k.jagged().bags(y, null, features, places, offsets, null, batch)));
  }

  /// What a launch costs, in a queue and waited for.
  private void launches() {
    int calls = dry ? 10 : 10_000;
    Runnable one = () -> device.kernels().elementwise().fill(small, 1, 1);
    double queued = Double.POSITIVE_INFINITY;
    double waited = Double.POSITIVE_INFINITY;
    for (int round = 0; round < 5; round++) {
      long begun = System.nanoTime();
      for (int c = 0; c < calls; c++) {
        one.run();
      }
      waitForAll();
      queued = Math.min(queued, (System.nanoTime() - begun) * 1e-3 / calls);
      begun = System.nanoTime();
      for (int c = 0; c < calls / 10; c++) {
        one.run();
        waitForAll();
      }
      waited = Math.min(waited, (System.nanoTime() - begun) * 1e-3 / (calls / 10.0));
    }
    System.out.printf(
        Locale.ROOT,
        "%nA launch takes %.2f µs in a queue of them, %.2f µs with its result waited for.%n",
        queued,
        waited);
  }
}
