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
  /// Sources at once, and targets at once, as many as a beam keeps of each source: the keys and values of all of them are kept in
  /// memory.
  private static final int SOURCES = 128;

  private static final int TARGETS = 1024;

  /// The widest beam. Each of its targets costs as much as a source.
  private static final int WIDEST = 1000;

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
      description =
          "targets kept side by side, up to 1000 (default: 1, the most probable token each time)")
  private @Nullable Integer beam;

  @Option(
      names = "--alpha",
      paramLabel = "X",
      description = "of a beam's penalty on short targets (default: 0.6, the paper's)")
  private @Nullable Double alpha;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Override
  public void run() {
    PrintWriter err = spec.commandLine().getErr();
    Decoding.Beam wide = wide(beam == null ? 1 : beam, alpha);
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
      try (Examples.Stream stream = rows.stream(Examples.Pass.inOrder(sources(wide)))) {
        for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
          for (Decoding.Written w : written(decoding, batch, wide)) {
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

  /// The beam that is asked for; null for the most probable token each time.
  private static Decoding.@Nullable Beam wide(int width, @Nullable Double alpha) {
    if (width > WIDEST) {
      throw new IllegalArgumentException(
          "translate: --beam "
              + width
              + ". Expected 1 to "
              + WIDEST
              + ": every target of a beam is kept in memory; the paper has "
              + Decoding.Beam.PAPER.width()
              + ".");
    }
    if (width == 1 && alpha != null) {
      throw new IllegalArgumentException(
          "translate: --alpha "
              + alpha
              + " without a beam, which alone has a penalty. Expected --beam 2 or more besides.");
    }
    return width == 1
        ? null
        : new Decoding.Beam(width, alpha == null ? Decoding.Beam.PAPER.alpha() : alpha);
  }

  private static int sources(Decoding.@Nullable Beam wide) {
    return wide == null ? SOURCES : Math.clamp(TARGETS / wide.width(), 1, SOURCES);
  }

  private static List<Decoding.Written> written(
      Decoding decoding, Batch batch, Decoding.@Nullable Beam wide) {
    return wide == null ? decoding.greedy(batch) : decoding.beam(batch, wide);
  }
}
