// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Devices;
import picocli.CommandLine.Option;

/// `--device` and `--threads`, the same on every command.
final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "${env:GRADUS_DEVICE:-auto}",
      description =
          "reference, cpu, cuda, or auto (default: $GRADUS_DEVICE, else auto). Exactly this device"
              + " or an error; auto chooses and says why")
  private String device = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "worker threads of cpu; results do not depend on it (default: all cores)")
  private int threads;

  /// The name asked for, `auto` resolved and explained to the user.
  String name(PrintWriter err) {
    Devices.Choice choice = Devices.choose(device);
    if (device.equals("auto")) {
      err.println("device: " + choice.name() + " (" + choice.reason() + ")");
    }
    return choice.name();
  }

  /// How to open it.
  DeviceOptions options() {
    DeviceOptions preset = DeviceOptions.defaults();
    return threads == 0 ? preset : preset.withThreads(threads);
  }

  /// Opens it.
  Device open(PrintWriter err) {
    return Device.open(name(err), options());
  }
}
