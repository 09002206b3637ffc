// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.autograd.DeviceReport;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.CoveringArray;
import org.gradus.models.Model;
import org.gradus.models.ModelCheck;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tests.device.DeviceUnderTest;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Rule;
import org.gradus.trainer.optim.Schedule;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every model on the cpu device, or on the one that is asked for, beside `reference`. The system property `gradus.models` names some of
/// them.
@Tag("device")
class ModelParityTest {
  private static final int STEPS = 10;
  private static final int SHAKES = 8;
  private static final double RATE = 0.1;

  static List<ModelSpec> models() {
    String some = System.getProperty("gradus.models");
    return some == null ? Models.all() : Arrays.stream(some.split(",")).map(Models::get).toList();
  }

  /// Outputs, gradients and the loss, with every pair of option values. What they may differ by follows from the
  /// roundings of a pass; see [DeviceReport].
  @ParameterizedTest
  @MethodSource("models")
  void outputsLossAndGradientsAgree(ModelSpec spec) {
    try (Device reference = Device.open("reference");
        Device device = DeviceUnderTest.openOne()) {
      long seed = 0;
      for (Map<String, String> given : CoveringArray.pairwise(spec, 1)) {
        seed++;
        Settings settings = spec.settings(given);
        Schema schema = spec.exampleSchema(settings);
        // of few rows standardised apart, some lie close together, and float32 loses what they
        // differ by
        int rows = schema.all(Field.Domain.class).isEmpty() ? 5 : 8;
        Batch batch = SampleBatches.draw(schema, rows, seed);
        ModelCheck.check(spec, settings, seed)
            .compare(device, reference, ModelCheck.objective(spec, settings, batch))
            .orFail();
        compare(spec, settings, batch, seed, reference, device).orFail();
      }
    }
  }

  private static DeviceReport compare(
      ModelSpec spec, Settings settings, Batch batch, long seed, Device reference, Device device) {
    return ModelCheck.check(spec, settings, seed)
        .compare(
            device,
            reference,
            params -> {
              Model model = spec.createExample(settings, batch.schema(), params);
              return (mode, _) -> Map.of("loss", Descent.loss(model, batch, mode));
            });
  }

  /// What a training says before each of its steps, with its gradients and parameters off on purpose.
  private interface Losses {
    double[] of(Device device, Descent.Shake shake);
  }

  /// Ten losses of gradient descent.
  @ParameterizedTest
  @MethodSource("models")
  void tenLossesAgree(ModelSpec spec) {
    Settings settings = spec.settings(sizes(spec));
    Batch batch = SampleBatches.draw(spec.exampleSchema(settings), 16, 7);
    Descent descent = new Descent(spec, settings, batch, RATE);
    Descent wrong = new Descent(spec, settings, batch, 1.01 * RATE);
    agree(
        new Point(spec, settings, batch),
        (device, shake) -> descent.losses(device, STEPS, shake),
        (device, shake) -> wrong.losses(device, STEPS, shake));
  }

  /// Ten losses with the optimiser of a run that asks for no other: Adam with its penalty and its falling rate.
  @ParameterizedTest
  @ValueSource(strings = {"fm", "dlrm", "din"})
  @Tag("training")
  void tenLossesOfThePresetOptimiserAgree(String name) {
    ModelSpec spec = Models.get(name);
    Settings settings = spec.settings(sizes(spec));
    Batch batch = SampleBatches.draw(spec.exampleSchema(settings), 16, 7);
    Trajectory preset = new Trajectory(spec, settings, batch, adam(3e-3));
    Trajectory wrong = new Trajectory(spec, settings, batch, adam(1.01 * 3e-3));
    agree(
        new Point(spec, settings, batch),
        (device, shake) -> preset.losses(device, STEPS, shake),
        (device, shake) -> wrong.losses(device, STEPS, shake));
  }

  private static OptimizerConfig adam(double rate) {
    return OptimizerConfig.of(
        Group.all(Rule.Adam.PAPER, rate)
            .with(new Schedule.Exponential(1000, 0.7))
            .with(Penalty.l2(1e-4)));
  }

  /// What is trained, and on what.
  private record Point(ModelSpec spec, Settings settings, Batch batch) {}

  /// Compares a training on the device with one on `reference`.
  ///
  /// The bound: every gradient of a step may be off by what [DeviceReport] derives from the lengths of sums and the
  /// number of operations, relative to its largest number, and every updated parameter by one rounding. Trainings on
  /// `reference` whose gradients and parameters are off by that much, with random signs, show what becomes of it in ten
  /// steps; twice the largest change of a loss is allowed, and the derived bound of one loss on top.
  ///
  /// @param wrong the same with steps that are 1 % too long, which must be seen
  private static void agree(Point at, Losses training, Losses wrong) {
    try (Device reference = Device.open("reference");
        Device device = DeviceUnderTest.openOne()) {
      Map<String, Double> roundings = roundings(at, reference, device);
      double[] exact = training.of(reference, Descent.Shake.NONE);
      double[] found = training.of(device, Descent.Shake.NONE);
      double[] bounds = new double[STEPS];
      for (int i = 0; i < SHAKES; i++) {
        Descent.Shake shake = new Descent.Shake(roundings, 0x1p-24, Counter.key(5, i));
        double[] shaken = training.of(reference, shake);
        for (int step = 0; step < STEPS; step++) {
          bounds[step] = Math.max(bounds[step], 2 * Math.abs(shaken[step] - exact[step]));
        }
      }
      double worst = 0;
      double allowed = 0;
      for (int step = 0; step < STEPS; step++) {
        bounds[step] += roundings.getOrDefault("loss", 0.0) * exact[step];
        double difference = Math.abs(found[step] - exact[step]);
        assertThat(difference)
            .as(
                "%s, loss before step %d: %s, expected %s",
                at.spec().name(), step, found[step], exact[step])
            .isLessThanOrEqualTo(bounds[step]);
        worst = Math.max(worst, difference);
        allowed = Math.max(allowed, bounds[step]);
      }
      assertThat(exact[STEPS - 1]).isLessThan(exact[0]);
      double[] off = wrong.of(reference, Descent.Shake.NONE);
      assertThat(Math.abs(off[STEPS - 1] - exact[STEPS - 1]))
          .as("last loss with steps that are 1 %% too long")
          .isGreaterThan(bounds[STEPS - 1]);
      System.out.printf(
          Locale.ROOT,
          "%s: ten losses from %.6f to %.6f, largest difference %.2e, bound %.2e%n",
          at.spec().name(),
          exact[0],
          exact[STEPS - 1],
          worst,
          allowed);
    }
  }

  /// How much of its largest number each gradient may be off by, and the loss.
  private static Map<String, Double> roundings(Point at, Device reference, Device device) {
    Map<String, Double> roundings = new HashMap<>();
    for (long seed = 1; seed <= 3; seed++) {
      DeviceReport report = compare(at.spec(), at.settings(), at.batch(), seed, reference, device);
      for (DeviceReport.Row row : report.orFail().rows()) {
        String path = row.name().substring(row.name().indexOf(' ') + 1);
        if (row.magnitude() > 0) {
          // the least of three points: where a gradient happens to cancel, its share says nothing
          // of other points
          roundings.merge(path, row.bound() / row.magnitude(), Math::min);
        }
      }
    }
    return roundings;
  }

  /// The first sample of every size, so that ten steps cost little.
  private static Map<String, String> sizes(ModelSpec spec) {
    Map<String, String> given = new HashMap<>();
    for (var o : spec.options()) {
      if (o.choices().isEmpty() && !o.samples().contains("true")) {
        given.put(o.name(), o.samples().getFirst());
      }
      if (o.name().equals("stopGradient")) { // what is stopped is no descent: the loss may rise
        given.put(o.name(), "false");
      }
    }
    return given;
  }
}
