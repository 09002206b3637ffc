// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.embeddings.Batch;
import org.gradus.models.transformer.Decoding;
import org.gradus.models.transformer.Transformer;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.AtomicFiles;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus translate`: one target per source of a file.
@Command(
    name = "translate",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a target for every source of a file of the run's layout: one line each, with spaces"
          + " between its tokens.",
      "Targets that the file holds are not looked at."
    })
final class TranslateCommand implements Runnable {
  /// Sources at once; the keys and values of all that is written for them are kept in memory.
  private static final int BATCH = 128;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(names = "--in", paramLabel = "FILE", required = true, description = "sources")
  private Path in = Path.of("");

  @Option(names = "--out", paramLabel = "FILE", required = true, description = "where targets go")
  private Path out = Path.of("");

  @Option(
      names = "--beam",
      paramLabel = "K",
      converter = Whole.Positive.class,
      description = "targets kept side by side (default: 1, the most probable token each time)")
  private @Nullable Integer beam;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description = "of a beam's penalty on short targets (default: 0.6, the paper's)")
  private double alpha = Decoding.Beam.PAPER.alpha();

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
    if (!(encoder instanceof FittedFields words)) {
      throw new IllegalArgumentException(
          "translate: the data "
              + config.data().name()
              + " do not say which token an id is. Expected a run on data that do.");
    }
    Examples rows = encoder.encode(in);
    try (Session session = new Session(config, rows.schema(), name)) {
      if (!(session.model() instanceof Transformer model)) {
        throw new IllegalArgumentException(
            "translate: "
                + config.model().name()
                + " writes no sequences. Expected a run of transformer.");
      }
      folder.loadModel(session.params());
      Decoding decoding = model.decoding(session.device());
      String target = model.target().name();
      StringBuilder text = new StringBuilder();
      try (Examples.Stream stream = rows.stream(Examples.Pass.inOrder(BATCH))) {
        for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
          for (Decoding.Written w : written(decoding, batch)) {
            text.append(
                    Arrays.stream(w.ids())
                        .mapToObj(id -> words.value(target, id))
                        .collect(Collectors.joining(" ")))
                .append('\n');
          }
        }
      }
      AtomicFiles.write(out, text.toString());
      spec.commandLine().getOut().println(rows.rows() + " sources translated: " + out);
    } finally {
      Runs.close(rows);
    }
  }

  private List<Decoding.Written> written(Decoding decoding, Batch batch) {
    int k = beam == null ? 1 : beam;
    return k == 1 ? decoding.greedy(batch) : decoding.beam(batch, new Decoding.Beam(k, alpha));
  }
}
