// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Gru;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What steps allocate once they are warm, in a virtual machine with the flags of the launcher. It compiles in the foreground, since
/// vectors are objects until it has, and how soon it has would depend on what else the machine does.
class AllocationTest {
  private static final String FUSED = "fused";
  private static final String OPERATIONS = "operations";

  @Test
  @Timeout(180)
  void warmStepsAllocateNextToNothing() throws IOException, InterruptedException {
    Map<String, Double> bytes = new LinkedHashMap<>();
    Map<String, Double> most = new LinkedHashMap<>();
    for (String line : output().lines().toList()) {
      String[] words = line.split(" ", -1);
      bytes.put(words[1], Double.valueOf(words[2]));
      most.put(
          words[1], words[0].equals(FUSED) ? 1 << 16 : Double.parseDouble(words[3]) * (1 << 10));
    }
    assertThat(bytes)
        .containsOnlyKeys(
            "deepfm",
            "dlrm",
            "din",
            "gru",
            "lstm",
            "afm",
            "autoint",
            "shared-bottom",
            "hmoe",
            "gru-by-cell");
    // 64 KiB a step on the fused path, 1 KiB per operation where none is fused
    assertThat(bytes)
        .allSatisfy((name, b) -> assertThat(b).as(name).isPositive().isLessThan(most.get(name)));
  }

  private static String output() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + Path.of(System.getProperty("gradus.root"), ".mvn", "jvm.flags"));
    command.add("-Xbatch");
    command.add("-Xmx1g");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(text).isZero();
      return text;
    } finally {
      process.destroyForcibly();
    }
  }

  /// Prints a line for each: its kind, its name, bytes of a step, and operations of a step where they are the measure.
  static final class Program {
    private static final int COUNTED = 30;
    private static final int ROWS = 1_000;
    private static final int BATCH = 256;
    private static final int FEW = 64;

    private static final int STEPS = 20;
    private static final int WIDTH = 32;
    private static final float[] ZEROS = new float[64 * STEPS * WIDTH];

    private Program() {}

    public static void main(String[] args) {
      try (MeteredDevice device =
          new MeteredDevice(Device.open("cpu", DeviceOptions.defaults().withThreads(2)))) {
        for (Workload workload : Workloads.all(ROWS)) {
          try (Workload.Step step =
              workload.withBatch(BATCH).open(device, new Stopwatch(device.meter()))) {
            System.out.println(FUSED + " " + workload.name() + " " + bytes(step::run));
          }
        }
        // a softmax over rows of 741 and of 39, linear layers and little else, rows by scenario
        for (String name : List.of("afm", "autoint", "shared-bottom", "hmoe")) {
          TrainedModel model = Workloads.of(Models.get(name), Map.of(), ROWS).withBatch(FEW);
          try (Workload.Step step = model.open(device, new Stopwatch(device.meter()))) {
            double bytes = bytes(step::run);
            System.out.println(OPERATIONS + " " + name + " " + bytes + " " + step.operations());
          }
        }
        byCell(device);
      }
    }

    /// Bytes of a step on the mean, of all threads together, after the steps of warm-up.
    private static double bytes(Runnable step) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      for (int i = 0; i < Benchmark.WARM_UP; i++) {
        step.run();
      }
      long before = threads.getTotalThreadAllocatedBytes();
      for (int i = 0; i < COUNTED; i++) {
        step.run();
      }
      return (double) (threads.getTotalThreadAllocatedBytes() - before) / COUNTED;
    }

    /// A GRU in a loop over time, which is some hundred operations on small tensors.
    private static void byCell(Device device) {
      try (Params params = Params.create(device, 1);
          Scope inputs = new Scope(device)) {
        Gru gru = new Gru(WIDTH, WIDTH, Gru.Form.PYTORCH, params.at("gru"));
        Tensor x = inputs.upload(Shape.of(64, STEPS, WIDTH), ZEROS);
        Tensor seed = inputs.upload(Shape.of(64, STEPS, WIDTH), ZEROS);
        Tensor initial = inputs.upload(Shape.of(64, WIDTH), new float[64 * WIDTH]);
        double bytes = bytes(() -> byCell(gru, x, initial, seed, device));
        int operations = byCell(gru, x, initial, seed, device);
        System.out.println(OPERATIONS + " gru-by-cell " + bytes + " " + operations);
      }
    }

    private static int byCell(Gru gru, Tensor x, Tensor initial, Tensor seed, Device device) {
      try (Tape tape = Tape.recording(device)) {
        Var all = tape.variable(x);
        Var h = tape.constant(initial);
        Var[] states = new Var[STEPS];
        for (int t = 0; t < STEPS; t++) {
          h = gru.cell(all.index(1, t), h, null);
          states[t] = h;
        }
        tape.backward(Var.stack(1, List.of(states)), tape.scope().share(seed));
        return tape.size();
      }
    }
  }
}
