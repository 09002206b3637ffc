// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WorkloadTest {
  private static final int ROWS = 40;
  private static final int BATCH = 8;

  private static MeteredDevice metered() {
    return new MeteredDevice(Device.open("cpu", DeviceOptions.defaults().withThreads(1)));
  }

  private static List<Double> losses(Workload workload, Device device, Stopwatch watch) {
    List<Double> losses = new ArrayList<>();
    try (Workload.Step step = workload.open(device, watch)) {
      for (int i = 0; i < 10; i++) {
        losses.add(step.run());
      }
    }
    return losses;
  }

  static List<Workload> workloads() {
    return Workloads.all(ROWS).stream().map(w -> w.withBatch(BATCH)).toList();
  }

  @ParameterizedTest
  @MethodSource("workloads")
  void meteringChangesNoBit(Workload workload) {
    List<Double> metered;
    try (MeteredDevice device = metered()) {
      metered = losses(workload, device, new Stopwatch(device.meter()));
    }
    try (Device device = Device.open("cpu", DeviceOptions.defaults().withThreads(2))) {
      assertThat(losses(workload, device, new Stopwatch(new Meter()))).isEqualTo(metered);
    }
  }

  /// Products of a layer [m, k] × [k, n]: forward, gradient of the weights, and gradient of the input where somebody
  /// needs it.
  private static double layer(double in, double out, boolean inputGradient) {
    return 2 * BATCH * in * out * (inputGradient ? 3 : 2);
  }

  @Test
  void theProductsOfDeepFmAreThoseOfItsTower() {
    try (MeteredDevice device = metered();
        Workload.Step step =
            Workloads.deepFm(ROWS).withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
      step.run();
      assertThat(device.meter().read().flops())
          .isEqualTo(
              layer(26 * 16 + 13, 400, true)
                  + layer(400, 400, true)
                  + layer(400, 400, true)
                  + layer(400, 1, true));
    }
  }

  @Test
  void theWorkOfDlrmIsWhatItsTablesAndTowersAskFor() {
    try (MeteredDevice device = metered();
        ModelStep step =
            Workloads.dlrm(ROWS).withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
      Batch first = step.batches().getFirst();
      double distinct = 0;
      for (String field : first.sparse().keys()) {
        distinct += Arrays.stream(first.sparse().of(field).values()).distinct().count();
      }
      double weights =
          14 * 512 + 513 * 256 + 257 * 64 + (64 + 351 + 1) * 512 + 513 * 256 + 257; // with biases
      step.run();
      Meter.Reading read = device.meter().read();
      assertThat(read.flops())
          .isEqualTo(
              layer(13, 512, false)
                  + layer(512, 256, true)
                  + layer(256, 64, true)
                  + 6.0 * BATCH * 351 * 64 // 351 pairs of 27 vectors, once forward and twice back
                  + layer(64 + 351, 512, true)
                  + layer(512, 256, true)
                  + layer(256, 1, true));
      assertThat(read.bytes())
          .isEqualTo(
              2.0 * 4 * BATCH * 26 * 64 // rows read, vectors written
                  + 4.0 * 64 * (26 * BATCH + 2 * distinct) // slices read; rows read and written
                  + 3 * 4 * weights); // weight and gradient read, weight written
      assertThat(read.productNanos()).isPositive();
      assertThat(read.moveNanos()).isGreaterThanOrEqualTo(read.lookupNanos());
      assertThat(read.lookupNanos()).isPositive();
    }
  }

  @Test
  void theProductsOfTheGruAreThoseOfItsInputsAndStates() {
    try (MeteredDevice device = metered();
        Workload.Step step =
            Workloads.gru().withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
      step.run();
      // of all steps of the input, and of the state of each step: [50 B, 32] × [32, 96] both
      assertThat(device.meter().read().flops()).isEqualTo(2 * 50 * layer(32, 96, true));
    }
  }

  @Test
  void theProductsOfTheLstmAreThoseOfItsInputsAndStates() {
    try (MeteredDevice device = metered();
        Workload.Step step =
            Workloads.lstm().withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
      step.run();
      assertThat(device.meter().read().flops()).isEqualTo(2 * 50 * layer(32, 4 * 32, true));
    }
  }

  @Test
  void theProductsOfDinAreThoseOfItsUnitAndTower() {
    try (MeteredDevice device = metered();
        Workload.Step step =
            Workloads.din(ROWS).withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
      step.run();
      double unit = layer(4 * 32, 80, true) + layer(80, 40, true) + layer(40, 1, true);
      double tower = layer(2 * 32, 200, true) + layer(200, 80, true) + layer(80, 1, true);
      // the steps summed by weight, once forward and twice back, stand between
      assertThat(device.meter().read().flops())
          .isEqualTo(50 * unit + 6.0 * BATCH * 50 * 32 + tower);
    }
  }

  @Test
  void phasesAddUpToTheStep() {
    try (MeteredDevice device = metered()) {
      Stopwatch watch = new Stopwatch(device.meter());
      try (Workload.Step step = Workloads.dlrm(ROWS).withBatch(BATCH).open(device, watch)) {
        step.run();
        long before = device.meter().lookupNanos();
        long begun = System.nanoTime();
        step.run();
        long elapsed = System.nanoTime() - begun;
        long sum = 0;
        for (Phase p : Phase.values()) {
          assertThat(watch.nanos(p)).as("%s", p).isNotNegative();
          sum += watch.nanos(p);
        }
        // all but what lies between the two clocks at either end
        assertThat(sum).isPositive().isLessThanOrEqualTo(elapsed);
        assertThat(watch.nanos(Phase.LOOKUP)).isEqualTo(device.meter().lookupNanos() - before);
      }
    }
  }

  @Test
  void everyModelOfTheRegistryIsAWorkload() {
    try (MeteredDevice device = metered()) {
      for (ModelSpec spec : Models.all()) {
        Workload w = Workloads.of(spec, Map.of(), 8).withBatch(4);
        try (Workload.Step step = w.open(device, new Stopwatch(device.meter()))) {
          assertThat(step.run()).as("loss of %s", spec.name()).isFinite();
        }
      }
    }
  }

  @Test
  void anUnknownWorkloadIsToldWhatThereIs() {
    assertThatThrownBy(() -> Workloads.get("resnet", ROWS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no workload resnet")
        .hasMessageContaining("deepfm, dlrm, din, gru")
        .hasMessageContaining("--model");
  }

  @Test
  void aMeasurementTakesTheMedianOfEachPhase() {
    // data wait, lookup, forward, backward, optimiser, release
    long[][] nanos = {{0, 0, 10, 7, 0, 0}, {0, 0, 30, 1, 0, 0}, {0, 0, 20, 4, 0, 0}};
    Measurement.Steps steps = Measurement.Steps.of(nanos, 7);
    assertThat(steps.count()).isEqualTo(3);
    assertThat(steps.median()).isEqualTo(24 * 1e-9); // of 17, 31, 24
    assertThat(steps.phases())
        .containsEntry(Phase.FORWARD, 20 * 1e-9)
        .containsEntry(Phase.BACKWARD, 4 * 1e-9)
        .containsEntry(Phase.OPTIMISER, 0.0);
  }
}
