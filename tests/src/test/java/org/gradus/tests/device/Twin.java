// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Consumer;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.jspecify.annotations.Nullable;

/// A device beside `reference`, and beside itself with one thread.
final class Twin implements AutoCloseable {
  private final Device device;
  private final @Nullable Device
      single; // the same with one thread; null where the device has only one
  private final Device reference;

  Twin(String name, int threads, long pool) {
    DeviceOptions options =
        new DeviceOptions(threads, pool, true).withSettings(DeviceUnderTest.settings());
    device = Device.open(name, options);
    single = threads == 1 ? null : Device.open(name, options.withThreads(1));
    reference = Device.open("reference", options);
  }

  /// Runs a program on both devices and compares what it found, place by place: one thread with `reference`, several
  /// threads with one.
  void compare(String what, Consumer<Side> program) {
    List<Side.Result> actual = run(device, program);
    List<Side.Result> expected = run(single == null ? reference : single, program);
    assertThat(actual).hasSameSizeAs(expected);
    for (int r = 0; r < expected.size(); r++) {
      String name = what + ", result " + r;
      if (single == null) {
        compare(name, actual.get(r).values(), expected.get(r));
      } else {
        sameBits(name, actual.get(r).values(), expected.get(r).values());
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

  /// Equal bits, but for those that only tell one NaN from another.
  private static void sameBits(String what, double[] several, double[] one) {
    for (int i = 0; i < one.length; i++) {
      if (Double.doubleToLongBits(several[i]) != Double.doubleToLongBits(one[i])) {
        throw new AssertionError(
            "%s, place %d: %s with several threads. Expected the bits of one thread: %s"
                .formatted(what, i, several[i], one[i]));
      }
    }
  }

  @Override
  public void close() {
    device.close();
    if (single != null) {
      single.close();
    }
    reference.close();
  }
}
