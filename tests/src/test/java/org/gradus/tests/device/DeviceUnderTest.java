// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;
import org.gradus.tensor.Devices;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/// A device on the class path, and how many threads it gets.
///
/// Which devices are tested: the one that the system property `gradus.device` names, with 1 to `gradus.device.threads` threads; without
/// it every usable one but `reference`. The property `gradus.device.settings`, such as `cuda.gemm=cublas`, says what is set about it.
///
/// @param name what a user writes after `--device`
/// @param threads worker threads
public record DeviceUnderTest(String name, int threads) {
  private static final int THREADS = 3;
  private static final long POOL = Long.getLong("gradus.device.pool", 1 << 24);

  /// What is set about the device asked for.
  public static Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    for (String one : System.getProperty("gradus.device.settings", "").split(",", -1)) {
      if (!one.isEmpty()) {
        settings.put(one.substring(0, one.indexOf('=')), one.substring(one.indexOf('=') + 1));
      }
    }
    return settings;
  }

  /// [#one], opened.
  public static Device openOne() {
    return Device.open(one(), DeviceOptions.defaults().withSettings(settings()));
  }

  /// Every usable device but `reference`, each with 1, 2 and 3 threads; or the one asked for.
  static List<DeviceUnderTest> all() {
    String only = asked();
    int threads = Integer.getInteger("gradus.device.threads", THREADS);
    List<DeviceUnderTest> found = new ArrayList<>();
    for (DeviceProvider provider : Devices.providers()) {
      boolean wanted =
          only == null
              ? !provider.name().equals("reference") && provider.availability().usable()
              : provider.name().equals(only);
      for (int n = 1; wanted && n <= threads; n++) {
        found.add(new DeviceUnderTest(provider.name(), n));
      }
    }
    return found;
  }

  /// The device asked for, else `cpu`: for tests of one device.
  public static String one() {
    String only = asked();
    return only == null ? "cpu" : only;
  }

  /// The device asked for. Skips the test where that is cuda and the simulated driver could not be built.
  private static @Nullable String asked() {
    String only = System.getProperty("gradus.device");
    Path root = Path.of(Objects.requireNonNull(System.getProperty("gradus.root"), "gradus.root"));
    Path skipped = root.resolve("cuda/target/cudasim/skipped");
    if ("cuda".equals(only) && Files.exists(skipped)) {
      try {
        throw new TestAbortedException(Files.readString(skipped).strip());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return only;
  }

  /// The device beside `reference`.
  Twin open() {
    return new Twin(name, threads, POOL);
  }

  @Override
  public String toString() {
    return name + " with threads " + threads;
  }
}
