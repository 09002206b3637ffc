// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceException;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.DeviceProvider;
import org.gradus.tensor.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `gradus doctor`: what this machine has, what is missing, and what to do about it.
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Shows JVM, flags, vector width, cores, memory and devices, and what is missing.")
final class DoctorCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    Runtime jvm = Runtime.getRuntime();
    line(out, "java", System.getProperty("java.vm.name") + " " + Runtime.version());
    line(out, "java home", System.getProperty("java.home"));
    line(out, "flags", Gradus.words(ManagementFactory.getRuntimeMXBean().getInputArguments()));
    line(
        out,
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    line(out, "cores", Integer.toString(jvm.availableProcessors()));
    line(
        out,
        "heap",
        String.format(
            Locale.ROOT,
            "%.1f GiB at most (set GRADUS_JAVA_OPTS=-Xmx4g for another limit)",
            jvm.maxMemory() / (double) (1L << 30)));
    boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    line(
        out,
        "vectors",
        vectors
            ? "jdk.incubator.vector is there"
            : "jdk.incubator.vector is missing: start through ./gradus, or add --add-modules"
                + " jdk.incubator.vector");
    String preset = Runs.presetDevice();
    String unusable = preset == null ? null : unusable(preset);
    line(
        out,
        "GRADUS_DEVICE",
        preset == null
            ? "not set; --device defaults to auto"
            : preset + (unusable == null ? "" : ", which cannot be used"));
    out.println();
    for (DeviceProvider p : Devices.providers()) {
      var a = p.availability();
      line(out, "device " + p.name(), (a.usable() ? "usable: " : "not usable: ") + a.explanation());
      p.details().forEach(detail -> line(out, "", detail));
      p.settings().forEach((key, values) -> line(out, "", "--set " + key + ": " + values));
    }
    Devices.Choice auto = Devices.choose("auto");
    line(out, "device auto", "chooses " + auto.name() + ": " + auto.reason() + ".");
    boolean opened = false;
    try (Device device = Device.open(auto.name(), DeviceOptions.defaults())) {
      line(out, "opened", device.description());
      opened = true;
    } catch (DeviceException e) {
      line(out, "not opened", String.valueOf(e.getMessage()));
    }
    List<String> broken =
        Devices.providers().stream()
            .filter(p -> !p.availability().usable() && !p.name().equals("cuda"))
            .map(DeviceProvider::name)
            .toList();
    if (unusable != null) {
      throw new CommandFailed(
          "doctor: GRADUS_DEVICE=" + preset + ": " + unusable + " Set another, or unset it.");
    }
    if (!opened) {
      throw new CommandFailed(
          "doctor: auto chooses "
              + auto.name()
              + ", which does not open. Expected --device cpu until it does.");
    }
    if (!broken.isEmpty()) {
      throw new CommandFailed("doctor: " + Gradus.words(broken) + " should work everywhere");
    }
  }

  /// Why a device cannot be opened, or null.
  private static @Nullable String unusable(String name) {
    try {
      Device.open(name).close();
      return null;
    } catch (IllegalArgumentException | DeviceException e) {
      return e.getMessage();
    }
  }

  private static void line(PrintWriter out, String what, String found) {
    out.printf(Locale.ROOT, "%-16s %s%n", what, found);
  }
}
