// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Devices;
import org.gradus.trainer.bench.Benchmark;
import org.gradus.trainer.bench.GeneratedBatches;
import org.gradus.trainer.bench.Measurement;
import org.gradus.trainer.bench.MeteredDevice;
import org.gradus.trainer.bench.Peaks;
import org.gradus.trainer.bench.Phase;
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

  /// Beyond this a batch is a mistake.
  private static final int MOST_EXAMPLES = 1 << 24;

  private static final int MOST_THREADS = 1024;

  /// Batches in the generated file.
  private static final int BATCHES = 32;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "WORKLOAD",
      arity = "0..*",
      description = "deepfm, dlrm, din, gru, lstm, or all (default)")
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
      description = "an option of that model, or of the device (gradus doctor lists those)")
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
      description =
          "how long steps are measured, after at least 100 and 2 seconds of warm-up (default 5)")
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
    checkSizes();
    List<Workload> workloads = chosen();
    Runs.checkFile("--json", json);
    checkData(workloads);
    String name = Devices.choose(Runs.device(device, "cpu")).name();
    Map<String, Object> all = new LinkedHashMap<>();
    DeviceOptions preset = DeviceOptions.defaults().withSettings(settings(true));
    DeviceOptions options = threads == null ? preset : preset.withThreads(threads);
    int used = name.equals("cpu") ? options.threads() : 1;
    try (MeteredDevice metered = new MeteredDevice(Device.open(name, options))) {
      String threaded = name.equals("cpu") ? ", " + used + " threads" : "";
      out.println("device " + metered.name() + threaded);
      out.flush();
      if (!options.settings().isEmpty()) {
        out.println(metered.description());
      }
      Peaks before = Peaks.measure(metered, ROW_WIDTH, Math.min(1, seconds));
      List<Measurement> found = new ArrayList<>();
      for (Workload w : workloads) {
        Measurement m = measure(w, metered);
        print(m, out);
        found.add(m);
      }
      // again, since a machine that was busy before would make the shares too large
      Peaks peaks = before.max(Peaks.measure(metered, ROW_WIDTH, Math.min(1, seconds)));
      print(peaks, found, out);
      all.put("device", metered.name());
      all.put("threads", used);
      all.put("java", Runtime.version().toString());
      all.put("peaks", peaks.toMap());
      all.put("workloads", found.stream().map(Measurement::toMap).toList());
    }
    if (json != null) {
      AtomicFiles.write(
          json,
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(all));
    }
  }

  private void checkSizes() {
    if (batch != null && batch > MOST_EXAMPLES) {
      throw new IllegalArgumentException(
          "--batch " + batch + ". Expected at most " + MOST_EXAMPLES + ".");
    }
    if (threads != null && threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "--threads " + threads + ". Expected at most " + MOST_THREADS + ".");
    }
  }

  /// Whether what is read after minutes of measuring can be.
  private void checkData(List<Workload> workloads) {
    if (data == null) {
      return;
    }
    if (!Files.isRegularFile(data) || !Files.isReadable(data)) {
      throw new IllegalArgumentException(
          "--data "
              + data
              + ": no file that can be read. Expected train.rows of a prepared folder.");
    }
    for (Workload w : workloads) {
      if (!(w instanceof TrainedModel)) {
        throw new IllegalArgumentException(
            "--data: " + w.name() + " reads no data. Expected a workload that is a model.");
      }
    }
    try (PreparedFile file = PreparedFile.open(data)) {
      for (Workload w : workloads) {
        checkRows(w, file.rows());
        if (w instanceof TrainedModel model) {
          checkHistories(model, file.schema(), Field.Sequence.class, "sequence");
          checkHistories(model, file.schema(), Field.Sessions.class, "sessions");
        }
      }
    }
  }

  private void checkRows(Workload workload, long n) {
    if (n < workload.batch()) {
      throw new IllegalArgumentException(
          "--data "
              + data
              + ": "
              + n
              + " rows make no batch of "
              + workload.batch()
              + ", the one of "
              + workload.name()
              + ". Expected more rows, or a smaller --batch.");
    }
  }

  /// What is measured of a model of histories is most of all what it does with them.
  private void checkHistories(
      TrainedModel model, Schema rowsSchema, Class<? extends Field> kind, String word) {
    if (!model.schema().all(kind).isEmpty() && rowsSchema.all(kind).isEmpty()) {
      throw new IllegalArgumentException(
          "--data "
              + data
              + ": no field of kind "
              + word
              + ", and so no history, which "
              + model.name()
              + " is measured with. Expected rows that have one, or a model that reads none.");
    }
  }

  /// What `--set` says of the device, or of the model.
  private Map<String, String> settings(boolean ofDevice) {
    Map<String, String> settings = new LinkedHashMap<>(Assignment.map(set, ""));
    settings.keySet().removeIf(key -> Overrides.isOfDevice(key) != ofDevice);
    return settings;
  }

  private List<Workload> chosen() {
    Map<String, String> ofModel = settings(false);
    if (model == null && !ofModel.isEmpty()) {
      throw new IllegalArgumentException(
          "--set: the workloads have settings of their own. Expected --model beside it.");
    }
    if (model != null && !names.isEmpty()) {
      throw new IllegalArgumentException(
          "bench: --model " + model + " beside " + Gradus.words(names) + ". Expected one of them.");
    }
    if (names.size() > 1 && names.contains("all")) {
      throw new IllegalArgumentException(
          "bench: " + Gradus.words(names) + ". Expected all by itself, or workloads by name.");
    }
    List<Workload> found = new ArrayList<>();
    if (model != null) {
      found.add(Workloads.of(Models.get(model), ofModel, rows));
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
    if (!trained.schema().series().isEmpty()) { // windows are cut in memory, never prepared
      return benchmark.run(trained, metered, null);
    }
    try (TemporaryFolder folder = new TemporaryFolder("gradus-bench")) {
      Path file = folder.path().resolve("train.rows");
      GeneratedBatches.write(file, trained.schema(), trained.batch(), BATCHES);
      try (PreparedFile rows = PreparedFile.open(file)) {
        return benchmark.run(trained, metered, rows);
      }
    }
  }

  private static void print(Peaks p, List<Measurement> measured, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%npeaks: %.1f GFLOP/s in products, %.1f GB/s copied, %.1f GB/s in random rows of %d%n",
        p.gflops(),
        p.copyGbps(),
        p.rowGbps(),
        p.rowWidth());
    for (Measurement m : measured) {
      // What looks nothing up moves its parameters alone, and these lie in the cache.
      boolean rows = m.steps().phases().getOrDefault(Phase.LOOKUP, 0.0) > 0;
      out.printf(
          Locale.ROOT,
          "  %-10s %.0f %% of the peak inside products%s%n",
          m.workload(),
          100 * m.gflopsInside() / p.gflops(),
          rows
              ? String.format(
                  Locale.ROOT,
                  ", %.0f %% of that in rows inside moves",
                  100 * m.gbpsInside() / p.rowGbps())
              : "");
    }
    out.flush();
  }

  private static void print(Measurement m, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%n%s, batch %d: %.0f samples/s, %.3f ms a step (median of %d after %d%s)%n",
        m.workload(),
        m.batch(),
        m.samplesPerSecond(),
        m.steps().median() * 1e3,
        m.steps().count(),
        m.warmUp(),
        m.warm() ? "" : ", NOT WARM: --seconds is too short");
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
        "  products   %9.1f GFLOP/s over the step, %.1f inside them%n",
        m.gflops(),
        m.gflopsInside());
    out.printf(
        Locale.ROOT,
        "  moves      %9.1f GB/s over the step, %.1f inside them%n",
        m.gbps(),
        m.gbpsInside());
    out.printf(
        Locale.ROOT,
        "  allocated  %9.0f bytes a step; median %.0f, %.0f for each of %d operations%n",
        m.allocated().mean(),
        m.allocated().median(),
        m.allocated().median() / m.steps().operations(),
        m.steps().operations());
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
      try {
        double seconds = Double.parseDouble(text);
        if (seconds > 0 && seconds < Double.POSITIVE_INFINITY) {
          return seconds;
        }
      } catch (NumberFormatException e) {
        // reported below, like a number out of range
      }
      throw new TypeConversionException(
          "\"" + text + "\". Expected a number of seconds, more than 0, and an end.");
    }
  }
}
