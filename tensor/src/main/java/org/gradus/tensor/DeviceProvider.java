// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.List;
import java.util.Map;

/// Opens one kind of device. Modules that bring a device register a provider through `ServiceLoader`.
public interface DeviceProvider {
  /// The word after `--device`: `reference`, `cpu`, `cuda`.
  String name();

  /// Whether the device can be opened here, and if not, what is missing and what to do about it. Where devices have numbers: the first
  /// that can be.
  Availability availability();

  /// Opens the device, or fails saying what is missing. Where devices have numbers: the first that can be opened.
  Device open(DeviceOptions options);

  /// Whether devices of this kind have numbers, from 0: there may be a `name:1` beside `name:0`, and `name` is the first that can be
  /// opened.
  default boolean numbered() {
    return false;
  }

  /// Whether the device of a number can be opened here; 0 for a kind without numbers.
  default Availability availability(int number) {
    return availability();
  }

  /// Opens the device of a number; 0 for a kind without numbers.
  default Device open(int number, DeviceOptions options) {
    return open(options);
  }

  /// Order in which `auto` chooses among usable devices: the highest wins. `reference` is the lowest, so it is
  /// chosen only where nothing else is usable.
  int preference();

  /// What can be set about this kind of device: for each key, which begins with `name.`, what it may be and what it is otherwise.
  default Map<String, String> settings() {
    return Map.of();
  }

  /// What more there is to know about the device on this machine, a line each: for somebody who asks what is missing.
  default List<String> details() {
    return List.of();
  }

  /// The answer to "does it work here".
  ///
  /// @param usable whether [DeviceProvider#open] will succeed as far as can be told without opening
  /// @param explanation one sentence: what was found, or what is missing and how to get it
  record Availability(boolean usable, String explanation) {}
}
