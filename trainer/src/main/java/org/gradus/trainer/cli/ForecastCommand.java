// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.gradus.data.DataSource;
import org.gradus.data.series.NextWindows;
import org.gradus.data.series.TimeSeries;
import org.gradus.data.series.WindowExamples;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus forecast`: what comes behind the end of a file.
@Command(
    name = "forecast",
    mixinStandardHelpOptions = true,
    description = {
      "Forecasts the steps behind the last line of every station of a file of the run's layout, in"
          + " the unit of the data.",
      "Writes CSV: station, time, forecast; a quantile forecaster writes what lies nearest to the"
          + " median. Stations whose last values are too few, or miss one, are left out and named."
    })
final class ForecastCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(names = "--in", paramLabel = "FILE", required = true, description = "series so far")
  private Path in = Path.of("");

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "where forecasts go")
  private Path out = Path.of("");

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    Runs.checkApart(in, out);
    Runs.checkFile("--out", out);
    RunFolder folder = RunFolder.open(run);
    TrainConfig config = folder.config(Presets.of(null, null));
    String name = Runs.device(device, config, err);
    DataSource.Encoder encoder =
        Sources.get(config.data().name()).encoder(run.resolve(Runs.ENCODER));
    if (!(encoder instanceof NextWindows series)) {
      throw new IllegalArgumentException(
          "forecast: the data "
              + config.data().name()
              + " are no series. Expected a run on data that have a next step.");
    }
    WindowExamples rows = series.next(in);
    warn(rows, err);
    try (Session session = new Session(config, rows.schema(), name)) {
      folder.loadModel(session.params());
      Evaluator evaluator = new Evaluator(session.model(), session.device(), config.measure());
      StringWriter text = new StringWriter();
      new ForecastLines(rows, false).write(evaluator, text);
      AtomicFiles.write(out, text.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    spec.commandLine()
        .getOut()
        .println(
            rows.rows()
                + (rows.rows() == 1 ? " station, " : " stations, ")
                + rows.windowing().horizon()
                + " steps each: "
                + out);
  }

  private void warn(WindowExamples rows, PrintWriter err) {
    Set<Integer> seen = new HashSet<>();
    rows.windows().forEach(w -> seen.add(w.station()));
    List<TimeSeries> stations = rows.panel().stations();
    String expected =
        " Expected "
            + rows.windowing().steps()
            + " values at its end, none of them missing, a step apart.";
    if (seen.isEmpty()) {
      throw new IllegalArgumentException("forecast: no station of " + in + " can be." + expected);
    }
    for (int k = 0; k < stations.size(); k++) {
      if (!seen.contains(k)) {
        err.println("forecast: " + stations.get(k).name() + " is left out." + expected);
      }
    }
    err.flush();
  }
}
