// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.gradus.data.Examples;
import org.gradus.data.series.WindowExamples;
import org.gradus.embeddings.Batch;
import org.gradus.models.Models;
import org.gradus.models.Served;
import org.gradus.trainer.run.Evaluator;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus predict`: one line of scores per row of a file.
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    description = {
      "Scores the rows of a file of the run's layout: probabilities, or values for regression.",
      "Writes CSV, one column per label, in the order of the rows; compressed when its name ends in"
          + " .gz. A model that ranks for watch time has it in a column watch_time besides.",
      "Of series: a line per station and predicted time, in the unit of the data, where the"
          + " file says what happened; gradus forecast says what comes behind it."
    })
final class PredictCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(names = "--in", paramLabel = "FILE", required = true, description = "rows to score")
  private Path in = Path.of("");

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "where scores go")
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
    if (Models.get(config.model().name()).labelKinds().isEmpty()) {
      throw new IllegalArgumentException(
          "predict: "
              + config.model().name()
              + " has no head, so a row has no score. Expected a run of a model that predicts a"
              + " label.");
    }
    String name = Runs.device(device, config, err);
    Examples rows = Sources.get(config.data().name()).encoder(run.resolve(Runs.ENCODER)).encode(in);
    try (Session session = new Session(config, rows.schema(), name)) {
      folder.loadModel(session.params());
      Evaluator evaluator = new Evaluator(session.model(), session.device(), config.measure());
      if (rows instanceof WindowExamples windows) {
        ForecastLines lines = new ForecastLines(windows, true);
        write(w -> lines.write(evaluator, w));
        spec.commandLine().getOut().println(lines.count() + " values forecast: " + out);
      } else {
        Lines lines = new Lines(session.model() instanceof Served s ? s : null);
        write(w -> evaluator.predict(rows, (batch, scores) -> lines.write(w, batch, scores)));
        spec.commandLine().getOut().println(lines.count + " rows scored: " + out);
      }
    } finally {
      Runs.close(rows);
    }
  }

  /// What fills the file.
  @FunctionalInterface
  private interface Body {
    void writeTo(Writer w) throws IOException;
  }

  private void write(Body body) {
    AtomicFiles.write(
        out,
        file -> {
          boolean packed = out.toString().endsWith(".gz");
          OutputStream plain = Channels.newOutputStream(file);
          GZIPOutputStream gzip = packed ? new GZIPOutputStream(plain) : null;
          Writer w =
              new BufferedWriter(
                  new OutputStreamWriter(gzip == null ? plain : gzip, StandardCharsets.UTF_8));
          body.writeTo(w);
          w.flush();
          if (gzip != null) {
            gzip.finish(); // not closed: the file is yet to be synced
          }
        });
  }

  /// The lines written so far.
  private static final class Lines {
    private final @Nullable Served served;
    private final @Nullable String servedName;
    private long count;

    /// None yet.
    ///
    /// @param served what says one more number of a row, or null
    Lines(@Nullable Served served) {
      this.served = served;
      this.servedName = served == null ? null : served.servedName();
    }

    void write(Writer w, Batch batch, java.util.Map<String, Evaluator.Prediction> scores) {
      List<String> labels = new ArrayList<>(scores.keySet());
      try {
        if (count == 0) {
          w.write(String.join(",", labels));
          w.write(servedName == null ? "\n" : "," + servedName + "\n");
        }
        for (int i = 0; i < batch.size(); i++) {
          for (int k = 0; k < labels.size(); k++) {
            Evaluator.Prediction p = scores.get(labels.get(k));
            if (p != null) {
              w.write((k == 0 ? "" : ",") + p.shown(i));
              if (served != null && servedName != null) {
                w.write("," + served.served(p.score()[i]));
              }
            }
          }
          w.write('\n');
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      count += batch.size();
    }
  }
}
