// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Opens one kind of device. Modules that bring a device register a provider through `ServiceLoader`.
public interface DeviceProvider {
  /// The word after `--device`: `reference`, `cpu`, `cuda`.
  String name();

  /// Whether the device can be opened here, and if not, what is missing and what to do about it.
  Availability availability();

  /// Opens the device, or fails saying what is missing.
  Device open(DeviceOptions options);

  /// Order in which `auto` chooses among usable devices: the highest wins. `reference` is the lowest, so it is
  /// chosen only where nothing else is usable.
  int preference();

  /// The answer to "does it work here".
  ///
  /// @param usable whether [DeviceProvider#open] will succeed as far as can be told without opening
  /// @param explanation one sentence: what was found, or what is missing and how to get it
  record Availability(boolean usable, String explanation) {}
}
