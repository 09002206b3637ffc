// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.BiFunction;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.embeddings.Batch;
import org.gradus.trainer.explain.MixturePicture;
import org.gradus.trainer.explain.ScoredRow;
import org.gradus.trainer.explain.ScoredRowText;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// A row of the test rows of a run, of which `gradus explain` prints the weights.
///
/// @param run folder of the run
/// @param row its place among the test rows, from 0
/// @param device asked for, or null
/// @param picture file to draw, or null
record RowToExplain(Path run, long row, @Nullable String device, @Nullable Path picture) {
  void print(PrintWriter out, PrintWriter err) {
    if (picture != null) {
      MixturePicture.format(picture);
      Runs.checkFile("--out", picture);
    }
    RunFolder folder = RunFolder.open(run);
    TrainConfig config = folder.config(Presets.of(null, null));
    String name = Runs.device(device, config, err);
    DataSource.Opened opened = Session.open(config, err);
    try (var data = opened.data();
        Session session = new Session(config, data.schema(), name)) {
      Batch batch = batch(data.test());
      folder.loadModel(session.params());
      BiFunction<String, Integer, String> names =
          opened.encoder() instanceof FittedFields fitted
              ? fitted::value
              : (_, id) -> Integer.toString(id);
      ScoredRow scored = ScoredRow.of(session.model(), session.device(), batch, names);
      out.println(
          config.model().name() + " on " + data.name() + ", test row " + row + " (" + name + ")");
      out.print(ScoredRowText.of(scored));
      if (picture != null) {
        var files = MixturePicture.write(picture, scored.mixtures());
        out.println();
        out.println(files.isEmpty() ? "nothing to draw" : "drawn: " + Gradus.words(files));
      }
      out.flush();
    }
  }

  private Batch batch(Examples test) {
    if (row < test.rows()) {
      try (Examples.Stream stream = test.stream(Examples.Pass.inOrder(1).skipping(row))) {
        Batch batch = stream.next();
        if (batch != null) {
          return batch;
        }
      }
    }
    throw new IllegalArgumentException(
        "explain: --row "
            + row
            + " of "
            + test.rows()
            + " test rows. Expected one from 0 to "
            + (test.rows() - 1)
            + ".");
  }
}
