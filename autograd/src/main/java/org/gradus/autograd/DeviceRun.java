// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;

/// Sets a device of float32 beside `reference` at one point, exactly representable on both.
///
/// The bound of a tensor is twice the largest change that any of eight passes on `reference` shows in it when every number
/// is perturbed as by [Rounding], plus one rounding of its largest number. So it grows with the lengths of sums, with
/// the number of operations and with what cancels between them, and owes nothing to what the device computed.
final class DeviceRun {
  private static final int SHAKES = 8;
  private static final double MARGIN = 2;
  private static final int POINTS = 8;

  private final GradCheck.Settings settings;
  private final Side reference;
  private final Side device;
  private final String name;
  private final List<double[]> point = new ArrayList<>();

  /// The objective on one device.
  private record Side(Passes passes, List<Target> targets, CheckProbe probe) {
    static Side of(GradCheck.Settings settings, Device device, Params params, Objective objective) {
      List<Target.Input> inputs =
          settings.told().inputs().stream().map(Target.Input::copy).toList();
      return new Side(
          new Passes(device, settings.seed(), settings.training(), objective, inputs),
          CheckRun.targets(params, inputs),
          new CheckProbe(settings.mutation()));
    }

    Passes.Found walk() {
      probe.record();
      return passes.walk(probe, probe::backward, targets);
    }
  }

  DeviceRun(
      GradCheck.Settings settings, Params onReference, Params onDevice, Objective.Builder builder) {
    this.settings = settings;
    // Only the device computes what a mutation says.
    GradCheck.Settings plain =
        new GradCheck.Settings(
            settings.seed(), settings.training(), settings.extent(), settings.told(), null);
    this.reference = Side.of(plain, onReference.device(), onReference, builder.build(onReference));
    this.device = Side.of(settings, onDevice.device(), onDevice, builder.build(onDevice));
    this.name = onDevice.device().name();
    List<String> expected = reference.targets.stream().map(Target::path).toList();
    List<String> found = device.targets.stream().map(Target::path).toList();
    if (!expected.equals(found)) {
      throw new IllegalArgumentException(
          "gradcheck: the objective has parameters "
              + found
              + " on "
              + name
              + " and "
              + expected
              + " on reference. Expected the same.");
    }
  }

  DeviceReport report() {
    for (int round = 0; round < POINTS; round++) {
      draw(round);
      Passes.Found right = reference.walk();
      Passes.Found found = device.walk();
      if (settings.mutation() != null && !device.probe.struck()) {
        throw new IllegalArgumentException(
            "gradcheck: "
                + settings.mutation()
                + " meets no gradient. Expected one of "
                + device.probe.contributions()
                + ".");
      }
      if (reference.probe.unperturbedBranches() == device.probe.unperturbedBranches()) {
        return compare(right, found);
      }
    }
    return new DeviceReport(
        name,
        settings.seed(),
        new DeviceReport.Rounding(0, 0),
        List.of(),
        List.of(
            "the devices take different branches at "
                + POINTS
                + " points. Expected the same at one of them: a kernel decides wrongly, or inputs"
                + " lie on a kink."));
  }

  private void draw(int round) {
    point.clear();
    for (int t = 0; t < reference.targets.size(); t++) {
      Target target = reference.targets.get(t);
      double[] values =
          target.drawn() ? CheckRun.draw(target, settings.seed(), round) : target.read();
      point.add(values);
      target.write(values, -1);
      device.targets.get(t).write(values, -1);
    }
  }

  private DeviceReport compare(Passes.Found right, Passes.Found found) {
    Rounding rounding = new Rounding();
    rounding.count();
    reference.passes.walk(rounding, () -> {}, reference.targets);
    double[] outputBounds = new double[right.outputs().size()];
    double[] gradientBounds = new double[right.gradients().size()];
    for (int i = 0; i < SHAKES; i++) {
      rounding.shake(Counter.key(Counter.key(settings.seed(), "rounding"), i));
      for (int t = 0; t < point.size(); t++) {
        double[] values = point.get(t).clone();
        rounding.shake(values);
        reference.targets.get(t).write(values, -1);
      }
      Passes.Found shaken = reference.passes.walk(rounding, () -> {}, reference.targets);
      for (int o = 0; o < outputBounds.length; o++) {
        double[] y = right.outputs().get(o).values();
        double[] z = shaken.outputs().get(o).values();
        outputBounds[o] = Math.max(outputBounds[o], MARGIN * distance(y, z));
      }
      for (int t = 0; t < gradientBounds.length; t++) {
        gradientBounds[t] =
            Math.max(
                gradientBounds[t],
                MARGIN * distance(right.gradients().get(t), shaken.gradients().get(t)));
      }
    }
    List<DeviceReport.Row> rows = new ArrayList<>();
    for (int o = 0; o < outputBounds.length; o++) {
      Passes.Output y = right.outputs().get(o);
      double[] z = found.outputs().get(o).values();
      rows.add(row("output " + y.name(), y.shape(), y.values(), z, outputBounds[o]));
    }
    for (int t = 0; t < gradientBounds.length; t++) {
      Target target = reference.targets.get(t);
      rows.add(
          row(
              "gradient " + target.path(),
              target.shape(),
              right.gradients().get(t),
              found.gradients().get(t),
              gradientBounds[t]));
    }
    return new DeviceReport(
        name,
        settings.seed(),
        new DeviceReport.Rounding(rounding.terms(), rounding.epsilon()),
        rows,
        List.of());
  }

  private static DeviceReport.Row row(
      String name, Shape shape, double[] right, double[] found, double bound) {
    int worst = -1;
    double difference = 0;
    double magnitude = 0;
    for (int i = 0; i < right.length; i++) {
      double d = Math.abs(right[i] - found[i]);
      magnitude = Math.max(magnitude, Math.abs(right[i]));
      if (worst < 0 || d > difference || (Double.isNaN(d) && !Double.isNaN(difference))) {
        worst = i;
        difference = d;
      }
    }
    String detail =
        worst < 0
            ? "empty"
            : String.format(
                Locale.ROOT,
                "at %s: %.9e, expected %.9e",
                Arrays.toString(Tally.place(shape, worst)),
                found[worst],
                right[worst]);
    return new DeviceReport.Row(name, magnitude, difference, bound + 0x1p-24 * magnitude, detail);
  }

  private static double distance(double[] a, double[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }
}
