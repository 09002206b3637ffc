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
import java.util.TreeMap;
import org.gradus.autograd.CheckReport;
import org.gradus.autograd.DeviceReport;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Objective;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.SampleBatches;
import org.gradus.models.CoveringArray;
import org.gradus.models.ModelCheck;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Devices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `gradus gradcheck`: every parameter of a model, with every option value and all pairs of them.
@Command(
    name = "gradcheck",
    mixinStandardHelpOptions = true,
    description = {
      "Compares the gradient of every parameter with differences, in float64 on the reference"
          + " device.",
      "With --device cpu or cuda: compares outputs and gradients of that device with the reference"
          + " at the same point."
    })
final class GradCheckCommand implements Runnable {
  /// Batches tried for a combination of options on which the first says nothing.
  private static final int BATCHES = 8;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--model",
      paramLabel = "M",
      defaultValue = "all",
      description = "a model, or all (default)")
  private String model = "all";

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "default: $$GRADUS_DEVICE, else reference")
  private @Nullable String device;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "draws points, batches and combinations (default 1)")
  private long seed = 1;

  @Option(names = "--json", paramLabel = "FILE", description = "writes the table as JSON too")
  private @Nullable Path json;

  @Option(names = "--details", description = "prints the table of every combination of options")
  private boolean details;

  /// The worst that was seen of one tensor over all combinations of a model's options.
  private record Row(int combinations, double difference, double allowed, String verdict) {
    private Row worseOf(Row other) {
      boolean otherFails = !other.verdict.equals("PASS") && verdict.equals("PASS");
      boolean otherCloser =
          other.verdict.equals(verdict) && other.difference * allowed > difference * other.allowed;
      Row worse = otherFails || otherCloser ? other : this;
      return new Row(
          combinations + other.combinations, worse.difference, worse.allowed, worse.verdict);
    }
  }

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    Runs.checkFile("--json", json);
    List<ModelSpec> models = model.equals("all") ? Models.all() : List.of(Models.get(model));
    String asked = Devices.choose(Runs.device(device, "reference")).name();
    String name; // cuda:0 for cuda
    Map<String, Map<String, Row>> tables = new LinkedHashMap<>();
    List<String> failures = new ArrayList<>();
    try (Device reference = Device.open("reference");
        Device checked = asked.equals("reference") ? reference : Device.open(asked)) {
      name = checked.name();
      for (ModelSpec m : models) {
        Map<String, Row> table = check(m, reference, checked, failures);
        tables.put(m.name(), table);
        print(m.name(), table, out);
      }
    }
    if (json != null) {
      write(json, name, tables, failures);
    }
    if (!failures.isEmpty()) {
      throw new CommandFailed(
          "gradcheck: FAILED for "
              + failures.size()
              + " combinations\n"
              + String.join("\n", failures));
    }
    out.println("gradcheck: passed on " + name + ", seed " + seed);
  }

  private Map<String, Row> check(
      ModelSpec m, Device reference, Device checked, List<String> failures) {
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Row> table = new TreeMap<>();
    int n = 0;
    for (Map<String, String> given : CoveringArray.pairwise(m, seed)) {
      Settings settings = m.settings(given);
      long key = Counter.key(seed, n);
      GradCheck check = ModelCheck.check(m, settings, key);
      String report;
      boolean passed;
      if (checked.float64()) {
        CheckReport found = observed(m, settings, key, check, reference);
        found.rows().forEach(r -> add(table, r));
        report = found.report();
        passed = found.passed();
      } else {
        Objective.Builder objective = ModelCheck.objective(m, settings, batch(m, settings, key));
        DeviceReport found = check.compare(checked, reference, objective);
        found.rows().forEach(r -> add(table, r));
        report = found.report();
        passed = found.passed();
      }
      if (details) {
        out.println(m.name() + " " + settings);
        out.println(report);
      }
      if (!passed) {
        failures.add(m.name() + " " + settings + "\n" + report);
      }
      n++;
    }
    return table;
  }

  private static Batch batch(ModelSpec m, Settings settings, long key) {
    return SampleBatches.draw(m.exampleSchema(settings), 4 + (int) Counter.below(key, 0, 3), key);
  }

  /// The first report in which every tensor is observed, or the last of some, each on another batch. A batch may say nothing of a model:
  /// where all labels are one item, each stands against no other. A gradient that is wrong is never tried again.
  private static CheckReport observed(
      ModelSpec m, Settings settings, long key, GradCheck check, Device reference) {
    CheckReport found =
        check.check(reference, ModelCheck.objective(m, settings, batch(m, settings, key)));
    for (int again = 1; again < BATCHES && saysNothing(found); again++) {
      Batch batch = batch(m, settings, Counter.key(key, again));
      found = check.check(reference, ModelCheck.objective(m, settings, batch));
    }
    return found;
  }

  /// Whether it failed for what was not observed alone.
  private static boolean saysNothing(CheckReport report) {
    return !report.passed()
        && report.rows().stream()
            .allMatch(r -> r.passed() || r.verdict() == CheckReport.Verdict.UNOBSERVED);
  }

  private static void add(Map<String, Row> table, CheckReport.Row r) {
    Row row = new Row(1, r.measured().difference(), r.measured().allowed(), r.verdict().toString());
    table.merge(r.path(), row, Row::worseOf);
  }

  private static void add(Map<String, Row> table, DeviceReport.Row r) {
    Row row = new Row(1, r.difference(), r.bound(), r.passed() ? "PASS" : "FAIL");
    table.merge(r.name(), row, Row::worseOf);
  }

  private static void print(String name, Map<String, Row> table, PrintWriter out) {
    int width = table.keySet().stream().mapToInt(String::length).max().orElse(0);
    width = Math.max(width, name.length());
    String heading =
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %12s  %10s  %10s  %s",
            name,
            "combinations",
            "difference",
            "allowed",
            "verdict");
    out.println(heading);
    out.println(Gradus.rule(heading.length()));
    for (var e : table.entrySet()) {
      Row r = e.getValue();
      out.printf(
          Locale.ROOT,
          "%-" + width + "s  %12d  %10.2e  %10.2e  %s%n",
          e.getKey(),
          r.combinations,
          r.difference,
          r.allowed,
          r.verdict);
    }
    out.println();
    out.flush();
  }

  private void write(
      Path file, String name, Map<String, Map<String, Row>> tables, List<String> failures) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("device", name);
    all.put("seed", seed);
    all.put("passed", failures.isEmpty());
    Map<String, Object> models = new LinkedHashMap<>();
    tables.forEach(
        (model, table) -> {
          List<Map<String, Object>> rows = new ArrayList<>();
          table.forEach(
              (path, r) -> {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("tensor", path);
                row.put("combinations", r.combinations);
                row.put("difference", r.difference);
                row.put("allowed", r.allowed);
                row.put("verdict", r.verdict);
                rows.add(row);
              });
          models.put(model, rows);
        });
    all.put("models", models);
    all.put("failures", failures);
    try {
      Files.writeString(
          file,
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(all));
    } catch (IOException e) {
      throw new UncheckedIOException("gradcheck: cannot write " + file + ": " + e.getMessage(), e);
    }
  }
}
