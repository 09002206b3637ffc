// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.bench;

import java.util.concurrent.TimeUnit;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Gru;
import org.gradus.layers.Lstm;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.tests.fusion.Compositions;
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

/// Forward and backward through a GRU and an LSTM, B = 512, T = 50, 32 numbers in, 32 out, with the gradients of the input and
/// of all weights: all steps in one operation, and cell by cell in a loop over time, which makes some 1,000 operations on
/// small tensors. Both compute the same.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms4g", "-Xmx4g"})
public class RecurrentBenchmark {
  private static final int BATCH = 512;
  private static final int TIME = 50;
  private static final int WIDTH = 32;

  @Param({"2"})
  private int threads = 2;

  private Device device = Device.open("reference");
  private Params params = Params.create(device, 0);
  private Gru gru = new Gru(WIDTH, WIDTH, Gru.Form.PYTORCH, params.at("gru"));
  private Lstm lstm = new Lstm(WIDTH, WIDTH, Lstm.BiasInit.ZERO_FORGET_ONE, params.at("lstm"));
  private org.gradus.tensor.Scope inputs = new org.gradus.tensor.Scope(device);
  private Tensor x = inputs.real("x", Shape.of(0));
  private Tensor seed = inputs.real("seed", Shape.of(0));

  /// Draws the input, and what the states are multiplied by.
  @Setup(Level.Trial)
  public void setUp() {
    tearDown();
    device = Device.open("cpu", DeviceOptions.defaults().withThreads(threads));
    params = Params.create(device, 1);
    gru = new Gru(WIDTH, WIDTH, Gru.Form.PYTORCH, params.at("gru"));
    lstm = new Lstm(WIDTH, WIDTH, Lstm.BiasInit.ZERO_FORGET_ONE, params.at("lstm"));
    inputs = new org.gradus.tensor.Scope(device);
    x = draw(1);
    seed = draw(2);
  }

  private Tensor draw(int key) {
    float[] values = new float[BATCH * TIME * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = Counter.uniform(key, i) - 0.5f;
    }
    return inputs.upload(Shape.of(BATCH, TIME, WIDTH), values);
  }

  /// Frees the parameters and the input.
  @TearDown(Level.Trial)
  public void tearDown() {
    inputs.close();
    params.close();
    device.close();
  }

  /// A GRU, all steps in one operation.
  @Benchmark
  public int gru() {
    try (Tape tape = Tape.recording(device)) {
      return backward(tape, gru.forward(tape.variable(x)).carried());
    }
  }

  /// A GRU in a loop over time.
  @Benchmark
  public int gruByCell() {
    try (Tape tape = Tape.recording(device)) {
      return backward(tape, Compositions.gru(gru, tape.variable(x), WIDTH));
    }
  }

  /// An LSTM, all steps in one operation.
  @Benchmark
  public int lstm() {
    try (Tape tape = Tape.recording(device)) {
      return backward(tape, lstm.forward(tape.variable(x)).states().carried());
    }
  }

  /// An LSTM in a loop over time.
  @Benchmark
  public int lstmByCell() {
    try (Tape tape = Tape.recording(device)) {
      return backward(tape, Compositions.lstm(lstm, tape.variable(x), WIDTH));
    }
  }

  private int backward(Tape tape, Var states) {
    tape.backward(states, tape.scope().share(seed));
    return tape.size();
  }
}
