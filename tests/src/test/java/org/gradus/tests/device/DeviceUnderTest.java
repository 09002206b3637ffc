// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.device;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.DeviceProvider;
import org.gradus.tensor.Devices;

/// A device on the class path, and how many threads it gets.
///
/// @param name what a user writes after `--device`
/// @param threads worker threads
record DeviceUnderTest(String name, int threads) {
  /// Every usable device but `reference`, each with 1, 2 and 3 threads.
  static List<DeviceUnderTest> all() {
    List<DeviceUnderTest> found = new ArrayList<>();
    for (DeviceProvider provider : Devices.providers()) {
      if (!provider.name().equals("reference") && provider.availability().usable()) {
        for (int threads = 1; threads <= 3; threads++) {
          found.add(new DeviceUnderTest(provider.name(), threads));
        }
      }
    }
    return found;
  }

  /// The device beside `reference`.
  Twin open() {
    return new Twin(name, threads);
  }

  @Override
  public String toString() {
    return name + " with threads " + threads;
  }
}
