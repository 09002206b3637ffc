// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Penalty;
import org.gradus.trainer.optim.Schedule;
import org.gradus.trainer.run.Bars;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `gradus compare`.
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Trains several models under one protocol, each with several seeds, and writes a table of"
          + " means and standard deviations with a picture.",
      "Without a rule for stopping, --set patience=3 is usual: the best epoch on validation rows"
          + " counts then."
    })
final class CompareCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--models",
      paramLabel = "M1,M2|all",
      required = true,
      split = ",",
      description = "see: gradus models")
  private List<String> models = new ArrayList<>();

  @Mixin private Protocol protocol = new Protocol();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      converter = Whole.Positive.class,
      defaultValue = "3",
      description = "trains with the seeds 0 to N-1 (default 3)")
  private int seeds = 3;

  @Option(
      names = "--speed",
      paramLabel = "S",
      defaultValue = "2",
      description =
          "seconds that training steps of each model are measured, after its runs and 100 steps of"
              + " warm-up; 0 for not at all (default 2)")
  private double speed = 2;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "docs/results",
      description =
          "gets compare-DATA.md and compare-DATA.png, in place of those of an earlier comparison"
              + " (default docs/results)")
  private Path out = Path.of("docs", "results");

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    Runs.checkFolder("--out", out);
    if (!(speed >= 0 && speed < Double.POSITIVE_INFINITY)) {
      throw new ParameterException(
          spec.commandLine(), "--speed " + speed + ". Expected seconds, or 0 for not at all.");
    }
    List<ModelSpec> chosen = chosen();
    Map<String, String> given = protocol.settings();
    checkKeys(given, chosen);
    Map<String, String> settings = new LinkedHashMap<>();
    for (ModelSpec m : chosen) {
      Map<String, String> own = own(given, m);
      configured(m, own); // wrong settings are an error before anything is trained
      settings.put(m.name(), said(own, given, m));
    }
    TrainConfig first = configured(chosen.getFirst(), own(given, chosen.getFirst()));
    String deviceName = Runs.device(protocol.device(), first, err);
    protocol.checkSettings(deviceName);
    Comparison comparison = new Comparison();
    try (DataSet rows = Session.open(first, err).data()) {
      for (ModelSpec m : fitting(chosen, given, rows, deviceName, err)) {
        List<RunResult> runs = new ArrayList<>();
        for (int seed = 0; seed < seeds; seed++) {
          err.println("compare: " + m.name() + ", seed " + seed);
          err.flush();
          TrainConfig c = configured(m, own(given, m)).on(deviceName);
          TrainConfig seeded = c.withSeed(seed);
          runs.add(saying(m.name() + ", seed " + seed, () -> TemporaryRun.train(seeded, rows)));
        }
        TrainConfig c = configured(m, own(given, m)).on(deviceName);
        Double pace = null;
        if (speed > 0) {
          pace = saying(m.name() + ", speed", () -> Pace.of(c, rows, speed));
        }
        comparison.add(m.name(), runs, pace);
      }
      write(comparison, settings, first, rows, deviceName);
    }
  }

  /// What some work gives; where it fails, the message says which it was.
  private static <T> T saying(String which, Supplier<T> work) {
    try {
      return work.get();
    } catch (RuntimeException e) {
      if (!Gradus.isForUsers(e)) {
        throw e;
      }
      throw new CommandFailed(
          "compare: " + which + ": " + e.getMessage() + " Nothing was written.", e);
    }
  }

  private List<ModelSpec> chosen() {
    if (models.equals(List.of("all"))) {
      return Models.all();
    }
    Set<String> names = new LinkedHashSet<>(models);
    if (names.isEmpty() || names.contains("")) {
      throw new ParameterException(
          spec.commandLine(),
          "--models: a name is empty. Expected names with commas between them, or all.");
    }
    return names.stream().map(Models::get).toList();
  }

  /// The models that can be built for the data. A model that was named and cannot is an error before anything is trained; of `all`,
  /// it is left out with the reason.
  private List<ModelSpec> fitting(
      List<ModelSpec> chosen,
      Map<String, String> given,
      DataSet rows,
      String deviceName,
      PrintWriter err) {
    List<ModelSpec> fitting = new ArrayList<>();
    for (ModelSpec m : chosen) {
      TrainConfig c = configured(m, own(given, m)).on(deviceName);
      try (Session _ = new Session(c, rows.schema(), deviceName)) {
        fitting.add(m);
        Runs.sayWhatIsMissed(c, rows.schema(), err);
      } catch (IllegalArgumentException e) {
        if (!models.equals(List.of("all"))) {
          throw e;
        }
        err.println("compare: " + m.name() + " is left out. " + e.getMessage());
        err.flush();
      }
    }
    return fitting;
  }

  /// A key that nobody understands is an error before anything is trained.
  private void checkKeys(Map<String, String> given, List<ModelSpec> chosen) {
    List<String> known = new ArrayList<>();
    for (ModelSpec m : chosen) {
      known.addAll(own(given, m).keySet());
      for (String key : given.keySet()) {
        if (key.startsWith(m.name() + ".")) {
          known.add(key);
        }
      }
    }
    List<String> unknown = given.keySet().stream().filter(k -> !known.contains(k)).toList();
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "--set: unknown "
              + Gradus.words(unknown)
              + ". Expected an option of training or data, of one of the models compared, or"
              + " MODEL.key with one of: "
              + Gradus.words(chosen.stream().map(ModelSpec::name).toList())
              + ".");
    }
  }

  /// What of the settings given is meant for a model, its own before those for all.
  private Map<String, String> own(Map<String, String> given, ModelSpec m) {
    List<String> options = m.options().stream().map(o -> o.name()).toList();
    DataSource source = protocol.source(Presets.of(m.name(), protocol.data()));
    Map<String, String> own = new LinkedHashMap<>();
    given.forEach(
        (key, value) -> {
          boolean ofModel =
              options.contains(key) || Overrides.isTraining(key) || Overrides.isOfDevice(key);
          boolean ofData =
              key.startsWith("data.") && source.settings().containsKey(key.substring(5));
          if (ofModel || ofData) {
            own.put(key, value);
          }
        });
    given.forEach(
        (key, value) -> {
          if (key.startsWith(m.name() + ".")) {
            own.put(key.substring(m.name().length() + 1), value);
          }
        });
    return own;
  }

  private TrainConfig configured(ModelSpec m, Map<String, String> own) {
    return protocol.over(Presets.of(m.name(), protocol.data()), m, own);
  }

  /// The options of a model that were set, and what was set of training for it alone, for the table.
  private static String said(Map<String, String> own, Map<String, String> given, ModelSpec m) {
    List<String> options = m.options().stream().map(o -> o.name()).toList();
    List<String> said = new ArrayList<>();
    own.forEach(
        (key, value) -> {
          if (options.contains(key) || given.containsKey(m.name() + "." + key)) {
            said.add("`" + key + "=" + value + "`");
          }
        });
    return String.join(" ", said);
  }

  private void write(
      Comparison comparison,
      Map<String, String> settings,
      TrainConfig common,
      DataSet rows,
      String deviceName) {
    PrintWriter to = spec.commandLine().getOut();
    String table = comparison.table(settings);
    to.println();
    to.print(table);
    Path page = out.resolve("compare-" + rows.name() + ".md");
    Path picture = out.resolve("compare-" + rows.name() + ".png");
    List<String> names = new ArrayList<>();
    List<Double> means = new ArrayList<>();
    List<Double> deviations = new ArrayList<>();
    for (Comparison.Row row : comparison.rows()) {
      var auc = row.of("test.auc");
      if (auc.getN() > 0) {
        names.add(row.model());
        means.add(auc.getMean());
        deviations.add(auc.getN() > 1 ? auc.getStandardDeviation() : 0);
      }
    }
    try {
      Files.createDirectories(out);
      if (!names.isEmpty()) {
        Bars.write(picture, "test AUC on " + rows.name(), names, means, deviations);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("compare: cannot write to " + out + ": " + e.getMessage(), e);
    }
    AtomicFiles.write(
        page,
        "# "
            + rows.name()
            + "\n\n"
            + heading(common, rows, deviceName)
            + "\n\n"
            + table
            + (names.isEmpty() ? "" : "\n![test AUC](" + picture.getFileName() + ")\n"));
    to.println();
    to.println("written: " + page + (names.isEmpty() ? "" : ", " + picture));
  }

  private String heading(TrainConfig c, DataSet rows, String deviceName) {
    Double bayes = rows.facts().get("bayes_auc");
    return "Mean ± standard deviation over "
        + seeds
        + (seeds == 1 ? " seed" : " seeds")
        + " from 0; at most "
        + c.loop().epochs()
        + " epochs of batches of "
        + c.loop().batchSize()
        + ", "
        + moved(c.optimizer())
        + "; "
        + (c.stopping() == null
            ? "no early stopping"
            : "the best epoch by "
                + c.stopping().metric()
                + ", patience "
                + c.stopping().patience())
        + "; device `"
        + deviceName
        + "`."
        + (speed == 0
            ? ""
            : " samples/s: rows per second of the median training step, on "
                + c.execution().threads()
                + (c.execution().threads() == 1 ? " thread" : " threads")
                + ", after warm-up and with the wait for data.")
        + (bayes == null
            ? ""
            : String.format(Locale.ROOT, " AUC of the true probabilities: %.4f.", bayes));
  }

  /// How parameters move, where nothing else is said in the table.
  private static String moved(OptimizerConfig o) {
    Group g = o.groups().getFirst();
    List<String> words = new ArrayList<>(List.of(g.rule() + " at " + g.rate()));
    if (!(g.schedule() instanceof Schedule.Constant)) {
      words.add(g.schedule().toString());
    }
    Penalty p = g.penalty();
    words.add(
        p.none()
            ? "no penalty"
            : "`l1="
                + p.l1()
                + "` `l2="
                + p.l2()
                + (p.tableL2() == null ? "" : "` `tableL2=" + p.tableL2())
                + "` `penaltyTables="
                + p.tables()
                + "`");
    words.add(o.clipNorm() == 0 ? "no clipping" : "`clipNorm=" + o.clipNorm() + "`");
    if (g.absentRows() != null) {
      words.add("`absentRows=" + g.absentRows() + "`");
    }
    return String.join(", ", words);
  }
}
