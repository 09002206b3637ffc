// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Devices;
import org.gradus.trainer.bench.Benchmark;
import org.gradus.trainer.bench.GeneratedBatches;
import org.gradus.trainer.bench.Measurement;
import org.gradus.trainer.bench.MeteredDevice;
import org.gradus.trainer.bench.Peaks;
import org.gradus.trainer.bench.TrainedModel;
import org.gradus.trainer.bench.Workload;
import org.gradus.trainer.bench.Workloads;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `gradus bench`: how fast training steps are, and where their time goes.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Measures training steps on generated data: examples per second, milliseconds by phase,"
          + " bytes allocated, and what the kernels reach of the machine's peaks.",
      "Then the same on a prepared file, read ahead as in training: the share of time spent waiting"
          + " for data.",
      "Counted as GFLOP: products, fully connected and recurrent layers, dot interactions. Counted"
          + " as GB: rows looked up, row gradients summed, parameters and their state updated."
    })
final class BenchCommand implements Runnable {
  /// Width of the rows of the machine's peak where a workload says nothing about it.
  private static final int ROW_WIDTH = 64;

  /// Batches in the generated file.
  private static final int BATCHES = 32;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "WORKLOAD",
      arity = "0..*",
      description = "deepfm, dlrm, din, gru, or all (default)")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--model",
      paramLabel = "M",
      description = "any model instead, see: gradus models")
  private @Nullable String model;

  @Option(
      names = "--set",
      paramLabel = "key=value",
      converter = Assignment.Converter.class,
      description = "an option of that model")
  private List<Assignment> set = new ArrayList<>();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "default: $$GRADUS_DEVICE, else cpu")
  private @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "of the cpu device (default: one per core)")
  private @Nullable Integer threads;

  @Option(
      names = "--batch",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "examples of a step")
  private @Nullable Integer batch;

  @Option(
      names = "--rows",
      paramLabel = "N",
      converter = Whole.SeveralRows.class,
      defaultValue = "100000",
      description = "rows of each table (default 100000)")
  private int rows = Workloads.ROWS;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      converter = Duration.class,
      defaultValue = "5",
      description = "how long steps are measured, after 100 of warm-up (default 5)")
  private double seconds = 5;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "prepared rows (train.rows of a prepared folder) instead of generated ones")
  private @Nullable Path data;

  @Option(names = "--json", paramLabel = "FILE", description = "writes the numbers as JSON too")
  private @Nullable Path json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    List<Workload> workloads = chosen();
    Runs.checkFile("--json", json);
    String name = Devices.choose(Runs.device(device, "cpu")).name();
    List<Map<String, Object>> measured = new ArrayList<>();
    Map<String, Object> all = new LinkedHashMap<>();
    DeviceOptions options =
        threads == null ? DeviceOptions.defaults() : DeviceOptions.defaults().withThreads(threads);
    try (MeteredDevice metered = new MeteredDevice(Device.open(name, options))) {
      Peaks peaks = Peaks.measure(metered, ROW_WIDTH, Math.min(1, seconds));
      all.put("device", name);
      all.put("threads", options.threads());
      all.put("java", Runtime.version().toString());
      all.put("peaks", peaks.toMap());
      print(name, options.threads(), peaks, out);
      for (Workload w : workloads) {
        Measurement m = measure(w, metered);
        print(m, peaks, out);
        measured.add(m.toMap());
      }
    }
    all.put("workloads", measured);
    if (json != null) {
      AtomicFiles.write(
          json,
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(all));
    }
  }

  private List<Workload> chosen() {
    if (model == null && !set.isEmpty()) {
      throw new IllegalArgumentException(
          "--set: the workloads have settings of their own. Expected --model beside it.");
    }
    if (model != null && !names.isEmpty()) {
      throw new IllegalArgumentException(
          "bench: --model " + model + " beside " + Gradus.words(names) + ". Expected one of them.");
    }
    List<Workload> found = new ArrayList<>();
    if (model != null) {
      found.add(Workloads.of(Models.get(model), Assignment.map(set, ""), rows));
    } else if (names.isEmpty() || names.equals(List.of("all"))) {
      found.addAll(Workloads.all(rows));
    } else {
      names.forEach(n -> found.add(Workloads.get(n, rows)));
    }
    return batch == null ? found : found.stream().map(w -> w.withBatch(batch)).toList();
  }

  private Measurement measure(Workload workload, MeteredDevice metered) {
    Benchmark benchmark = new Benchmark(seconds, Benchmark.WARM_UP);
    if (!(workload instanceof TrainedModel trained)) {
      return benchmark.run(workload, metered, null);
    }
    if (data != null) {
      try (PreparedFile file = PreparedFile.open(data)) {
        return benchmark.run(trained.on(file.schema()), metered, file);
      }
    }
    try {
      Path folder = Files.createTempDirectory("gradus-bench");
      try {
        Path file = folder.resolve("train.rows");
        GeneratedBatches.write(file, trained.schema(), trained.batch(), BATCHES);
        try (PreparedFile rows = PreparedFile.open(file)) {
          return benchmark.run(trained, metered, rows);
        }
      } finally {
        AtomicFiles.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("bench: no folder for data: " + e.getMessage(), e);
    }
  }

  private static void print(String name, int threads, Peaks p, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "device %s, %d threads; peaks: %.1f GFLOP/s in products, %.1f GB/s copied, %.1f GB/s in"
            + " random rows of %d%n",
        name,
        threads,
        p.gflops(),
        p.copyGbps(),
        p.rowGbps(),
        p.rowWidth());
    out.flush();
  }

  private static void print(Measurement m, Peaks peaks, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%n%s, batch %d: %.0f samples/s, %.3f ms a step (median of %d after %d)%n",
        m.workload(),
        m.batch(),
        m.samplesPerSecond(),
        m.steps().median() * 1e3,
        m.steps().count(),
        m.warmUp());
    m.steps()
        .phases()
        .forEach(
            (phase, s) ->
                out.printf(
                    Locale.ROOT,
                    "  %-10s %9.3f ms %5.1f %%%n",
                    phase.word(),
                    s * 1e3,
                    100 * s / m.steps().median()));
    out.printf(
        Locale.ROOT,
        "  products   %9.1f GFLOP/s over the step, %.1f inside them (%.0f %% of the peak)%n",
        m.gflops(),
        m.gflopsInside(),
        100 * m.gflopsInside() / peaks.gflops());
    out.printf(
        Locale.ROOT,
        "  moves      %9.1f GB/s over the step, %.1f inside them (%.0f %% of the peak in rows)%n",
        m.gbps(),
        m.gbpsInside(),
        100 * m.gbpsInside() / peaks.rowGbps());
    out.printf(Locale.ROOT, "  allocated  %9.0f bytes a step%n", m.allocatedBytesPerStep());
    Measurement.Loading data = m.loading();
    if (data != null) {
      out.printf(
          Locale.ROOT,
          "  prepared data: %.0f samples/s over %d steps, %.2f %% of the time waiting%n",
          m.batch() * data.steps() / data.seconds(),
          data.steps(),
          100 * data.share());
    }
    out.flush();
  }

  /// Seconds, more than 0.
  static final class Duration implements ITypeConverter<Double> {
    @Override
    public Double convert(String text) {
      double seconds = Double.parseDouble(text);
      if (!(seconds > 0)) {
        throw new TypeConversionException("\"" + text + "\". Expected more than 0 seconds.");
      }
      return seconds;
    }
  }
}
