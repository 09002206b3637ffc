// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.File;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Description;
import org.gradus.data.FittedFields;
import org.gradus.data.RawGenerator;
import org.gradus.data.prepared.PreparedFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus data`: work on data sets.
@Command(
    name = "data",
    mixinStandardHelpOptions = true,
    description = "Lists, generates, prepares and describes data sets.",
    subcommands = {
      DataCommand.ListSources.class,
      DataCommand.Generate.class,
      DataCommand.Prepare.class,
      DataCommand.Describe.class
    })
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /// Which data, where, and how.
  static final class Which {
    @Option(
        names = "--data",
        paramLabel = "D",
        defaultValue = Presets.DATA,
        description = "see: gradus data list (default criteo-synthetic)")
    private String data = Presets.DATA;

    @Option(names = "--path", paramLabel = "P", description = "file or folder of the data")
    private @Nullable Path path;

    @Option(
        names = "--set",
        paramLabel = "key=value",
        converter = Assignment.Converter.class,
        description = "a setting of the data, with or without the prefix data.")
    private List<Assignment> set = new ArrayList<>();

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "0",
        description = "of generators and splits (default 0)")
    private long seed;

    /// Of a file, how many of its bytes were read in a second.
    private String rate(double seconds) {
      return path != null && Files.isRegularFile(path)
          ? String.format(Locale.ROOT, ", %.0f MB/s", path.toFile().length() * 1e-6 / seconds)
          : "";
    }

    private Map<String, String> settings() {
      return Assignment.map(set, "data.");
    }

    private DataSource.Opened open(OnBadRow onBadRow, PrintWriter err) {
      DataSource source = Sources.get(data);
      return source.open(
          new DataSource.Request(
              path,
              Sources.cache(),
              seed,
              onBadRow.over(source, settings()),
              line -> {
                err.println("data: " + line);
                err.flush();
              }));
    }
  }

  /// What is known about a data set as a whole, one number per line.
  private static void printFacts(DataSet set, PrintWriter out) {
    new TreeMap<>(set.facts())
        .forEach(
            (name, x) ->
                out.printf(
                    Locale.ROOT, DataSet.isCount(name) ? "%s %.0f%n" : "%s %.6f%n", name, x));
  }

  /// `gradus data list`.
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the data sets and their settings.")
  static final class ListSources implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
      PrintWriter out = spec.commandLine().getOut();
      for (DataSource s : Sources.all()) {
        out.println(s.name());
        out.println("  " + s.description());
        s.settings()
            .forEach((key, preset) -> out.printf(Locale.ROOT, "    data.%-18s %s%n", key, preset));
        out.println();
      }
    }
  }

  /// `gradus data generate`.
  @Command(
      name = "generate",
      mixinStandardHelpOptions = true,
      description = {
        "Writes generated rows raw, in the layout of the real data:",
        "criteo-synthetic for --data criteo, movielens-synthetic for --data ml-100k,",
        "interactions-synthetic and tasks-synthetic for --data csv, with a schema file,",
        "power-synthetic for --data series, translation-synthetic for translate."
      })
  static final class Generate implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private Which which = new Which();

    @Option(
        names = "--rows",
        paramLabel = "N",
        converter = Whole.ManyRows.class,
        defaultValue = "100000",
        description =
            "how many (default 100000); of movielens-synthetic at most so many, as many of each"
                + " user")
    private long rows = 100_000;

    @Option(
        names = "--out",
        paramLabel = "FILE",
        required = true,
        description =
            "the new file, compressed when it ends in .gz; for movielens-synthetic, the new folder")
    private Path out = Path.of("");

    @Override
    public void run() {
      RawGenerator generator = Sources.generators().get(Sources.get(which.data).name());
      if (generator == null) {
        throw new IllegalArgumentException(
            "data generate: "
                + which.data
                + " writes no raw files. Expected one of: "
                + Gradus.words(Sources.generators().keySet())
                + ".");
      }
      long begun = System.nanoTime();
      long n = generator.generate(out, rows, which.seed, which.settings());
      double seconds = (System.nanoTime() - begun) * 1e-9;
      spec.commandLine()
          .getOut()
          .printf(
              Locale.ROOT,
              "%d rows, %.1f MB: %s (%.0f rows/s)%n",
              n,
              bytes(out) * 1e-6,
              out,
              n / seconds);
    }

    private static long bytes(Path written) {
      File[] parts = written.toFile().listFiles(); // null for a file
      return parts == null
          ? written.toFile().length()
          : Arrays.stream(parts).mapToLong(File::length).sum();
    }
  }

  /// `gradus data prepare`.
  @Command(
      name = "prepare",
      mixinStandardHelpOptions = true,
      description =
          "Reads raw data once and writes the prepared form that training maps into memory.")
  static final class Prepare implements Runnable {
    /// The clock of files may be that much behind.
    private static final int CLOCK_MILLIS = 50;

    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private Which which = new Which();

    @Mixin private OnBadRow onBadRow = new OnBadRow();

    @Override
    public void run() {
      PrintWriter out = spec.commandLine().getOut();
      Instant before = Instant.now().minusMillis(CLOCK_MILLIS);
      long begun = System.nanoTime();
      try (DataSet set = which.open(onBadRow, spec.commandLine().getErr()).data()) {
        double seconds = (System.nanoTime() - begun) * 1e-9;
        long rows = set.train().rows() + set.valid().rows() + set.test().rows();
        out.printf(
            Locale.ROOT,
            "%s: %d training, %d validation, %d test rows; %d fields of ids, %d dense%n",
            set.name(),
            set.train().rows(),
            set.valid().rows(),
            set.test().rows(),
            set.schema().ids().size(),
            set.schema().dense().size());
        Path folder = set.train() instanceof PreparedFile f ? f.folder() : Sources.cache();
        if (wasThere(set, before)) {
          out.println("prepared before: nothing was read");
        } else {
          out.printf(
              Locale.ROOT,
              "ready after %.2f s (%.0f rows/s%s)%n",
              seconds,
              rows / seconds,
              which.rate(seconds));
        }
        printFacts(set, out);
        Runs.sayWhatIsEmpty(set, spec.commandLine().getErr());
        if (Files.isDirectory(folder)) {
          out.println("prepared data lie in " + folder);
        }
      }
    }

    private static boolean wasThere(DataSet set, Instant before) {
      return set.train() instanceof PreparedFile f && f.written().isBefore(before);
    }
  }

  /// `gradus data describe`.
  @Command(
      name = "describe",
      mixinStandardHelpOptions = true,
      description =
          "Prints rows, label rates, ranges and frequency statistics of the training rows.")
  static final class Describe implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Mixin private Which which = new Which();

    @Mixin private OnBadRow onBadRow = new OnBadRow();

    @Option(
        names = "--top",
        paramLabel = "N",
        converter = Whole.Count.class,
        defaultValue = "3",
        description = "most frequent values to print of each field (default 3)")
    private int top = 3;

    @Override
    public void run() {
      PrintWriter out = spec.commandLine().getOut();
      DataSource.Opened opened = which.open(onBadRow, spec.commandLine().getErr());
      try (DataSet set = opened.data()) {
        FittedFields fitted = opened.encoder() instanceof FittedFields f ? f : null;
        print(set.name(), Description.of(set.train(), fitted, top), out);
        out.println();
        printFacts(set, out);
      }
    }

    private static void print(String name, Description d, PrintWriter out) {
      out.printf(
          Locale.ROOT,
          "%s, training rows: %d (read at %.0f rows/s)%n",
          name,
          d.rows(),
          d.rowsPerSecond());
      d.labels()
          .forEach(
              (label, l) ->
                  out.printf(
                      Locale.ROOT,
                      "label %s: known in %d rows, mean %.4f%n",
                      label,
                      l.known(),
                      l.mean()));
      if (!d.dense().isEmpty()) {
        out.printf(
            Locale.ROOT,
            "%n%-20s %10s %10s %10s %10s %8s%n",
            "dense field",
            "min",
            "max",
            "mean",
            "deviation",
            "missing");
        for (Description.DenseSummary s : d.dense()) {
          out.printf(
              Locale.ROOT,
              "%-20s %10.4f %10.4f %10.4f %10.4f %8s%n",
              s.field(),
              s.min(),
              s.max(),
              s.mean(),
              s.deviation(),
              share(s.missingShare()));
        }
      }
      out.printf(
          Locale.ROOT,
          "%n%-20s %10s %10s %8s %8s  %s%n",
          "field of ids",
          "table",
          "distinct",
          "unknown",
          "missing",
          "most frequent");
      for (Description.IdSummary s : d.ids()) {
        StringBuilder frequent = new StringBuilder();
        for (Description.Frequency f : s.top()) {
          frequent.append(
              String.format(
                  Locale.ROOT, "%s (%.1f %%)  ", f.value(), 100.0 * f.count() / s.count()));
        }
        out.printf(
            Locale.ROOT,
            "%-20s %10d %10d %8s %8s  %s%n",
            s.field(),
            s.size(),
            s.distinct(),
            share(s.outOfVocabularyShare()),
            share(s.missingShare()),
            frequent);
      }
    }

    private static String share(double x) {
      return Double.isNaN(x) ? "-" : String.format(Locale.ROOT, "%.2f %%", 100 * x);
    }
  }
}
