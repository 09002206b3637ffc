// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Consumer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;

/// A device beside `reference`, and beside itself with one thread.
final class Twin implements AutoCloseable {
  private final Device device;
  private final Device single;
  private final Device reference;

  Twin(String name, int threads) {
    DeviceOptions options = new DeviceOptions(threads, 1 << 24, true);
    device = Device.open(name, options);
    single = threads == 1 ? device : Device.open(name, options.withThreads(1));
    reference = Device.open("reference", options);
  }

  /// Runs a program everywhere and compares what it found, place by place.
  void compare(String what, Consumer<Side> program) {
    List<Side.Result> exact = run(reference, program);
    List<Side.Result> actual = run(device, program);
    assertThat(actual).hasSameSizeAs(exact);
    for (int r = 0; r < exact.size(); r++) {
      compare(what + ", result " + r, actual.get(r).values(), exact.get(r));
    }
    if (single != device) {
      List<Side.Result> alone = run(single, program);
      for (int r = 0; r < exact.size(); r++) {
        // Bits, so that a NaN equals itself.
        assertThat(bits(actual.get(r).values()))
            .as("%s, result %d: bits with several threads and with one", what, r)
            .isEqualTo(bits(alone.get(r).values()));
      }
    }
  }

  /// The first result of a program on `reference`, rounded to float32: an input for the next kernel.
  float[] exact(Consumer<Side> program) {
    double[] values = run(reference, program).getFirst().values();
    float[] rounded = new float[values.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) values[i];
    }
    return rounded;
  }

  private static List<Side.Result> run(Device device, Consumer<Side> program) {
    Side side = new Side(device);
    program.accept(side);
    return side.finish();
  }

  private static void compare(String what, double[] actual, Side.Result expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected.values());
    for (int i = 0; i < actual.length; i++) {
      double exact = expected.values()[i];
      double allowed = expected.bound().at(i, exact);
      if (!close(actual[i], exact, allowed)) {
        throw new AssertionError(
            "%s, place %d: %s. Expected %s within %s, but it is off by %s"
                .formatted(what, i, actual[i], exact, allowed, Math.abs(actual[i] - exact)));
      }
    }
  }

  private static boolean close(double actual, double exact, double allowed) {
    if (Double.isNaN(exact)) {
      return Double.isNaN(actual);
    }
    if (Double.isInfinite(actual) || Double.isInfinite(exact)) {
      // What is beyond float32 overflows; rounding errors may carry a number just below there over
      // it.
      return actual == exact
          || (Math.signum(actual) == Math.signum(exact)
              && Double.isInfinite(actual)
              && Math.abs(exact) + allowed >= Float.MAX_VALUE);
    }
    // Below 2⁻¹²⁶ the spacing of float32 is 2⁻¹⁴⁹ whatever the magnitude.
    double spacing = allowed == 0 ? 0 : 8 * Float.MIN_VALUE;
    return Math.abs(actual - exact) <= allowed + spacing;
  }

  private static long[] bits(double[] values) {
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Double.doubleToLongBits(values[i]);
    }
    return bits;
  }

  @Override
  public void close() {
    device.close();
    if (single != device) {
      single.close();
    }
    reference.close();
  }
}
