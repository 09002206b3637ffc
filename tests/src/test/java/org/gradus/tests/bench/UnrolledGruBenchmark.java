// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.concurrent.TimeUnit;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Shape;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Forward and backward through a GRU written as a loop over time, without a fused cell: B = 512, T = 50, 32 numbers in, 32
/// out. It makes some 700 operations on small tensors, and so shows what an operation costs.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g"})
public class UnrolledGruBenchmark {
  private static final int BATCH = 512;
  private static final int TIME = 50;
  private static final int WIDTH = 32;

  @Param({"2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private Params params = Params.create(device, 0);
  private Cell cell = Cell.of(params);
  private float[] x = {};

  /// The parameters: of update and reset gate, and of the candidate.
  private record Cell(
      DenseParameter inGates,
      DenseParameter gates,
      DenseParameter gateBias,
      DenseParameter in,
      DenseParameter candidate,
      DenseParameter bias) {
    static Cell of(Params params) {
      return new Cell(
          matrix(params, "inGates", 2 * WIDTH),
          matrix(params, "gates", 2 * WIDTH),
          params.bias("gateBias", Shape.of(2 * WIDTH)),
          matrix(params, "in", WIDTH),
          matrix(params, "candidate", WIDTH),
          params.bias("bias", Shape.of(WIDTH)));
    }

    private static DenseParameter matrix(Params params, String name, int columns) {
      return params.weight(name, Shape.of(WIDTH, columns), Initializers.xavierUniform());
    }
  }

  /// Draws the input.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    params = Params.create(device, 1);
    cell = Cell.of(params);
    x = new float[BATCH * TIME * WIDTH];
    for (int i = 0; i < x.length; i++) {
      x[i] = Counter.uniform(1, i) - 0.5f;
    }
  }

  /// Frees the parameters.
  @TearDown(Level.Trial)
  public void tearDown() {
    params.close();
    device.close();
  }

  /// Forward, backward.
  @Benchmark
  public double forwardAndBackward() {
    Cell c = cell;
    try (Tape tape = Tape.recording(device)) {
      Var all = tape.constant(Shape.of(BATCH, TIME, WIDTH), x);
      Var h = tape.constant(Shape.of(BATCH, WIDTH), new float[BATCH * WIDTH]);
      for (int t = 0; t < TIME; t++) {
        Var input = all.index(1, t); //                                               [B, 32]
        Var zr =
            input
                .matmul(tape.use(c.inGates))
                .add(h.matmul(tape.use(c.gates)))
                .add(tape.use(c.gateBias))
                .sigmoid(); //                                                        [B, 64]
        Var z = zr.slice(1, 0, WIDTH);
        Var r = zr.slice(1, WIDTH, 2 * WIDTH);
        Var n =
            input
                .matmul(tape.use(c.in))
                .add(r.multiply(h).matmul(tape.use(c.candidate)))
                .add(tape.use(c.bias))
                .tanh(); //                                                           [B, 32]
        h = n.add(z.multiply(h.subtract(n)));
      }
      Var loss = h.square().sum();
      tape.backward(loss);
      return loss.value().item();
    }
  }
}
