// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradus.data.DataSet;
import org.gradus.trainer.run.Listener;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.RunResult;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.run.Trainer;
import org.gradus.trainer.store.AtomicFiles;

/// A run of which only the metrics are wanted.
final class TemporaryRun {
  private TemporaryRun() {}

  /// Trains without a word, and removes the folder of the run.
  static RunResult train(TrainConfig config, DataSet data) {
    return train(config, data, Listener.SILENT);
  }

  /// As above, with somebody who is told, and may end it.
  static RunResult train(TrainConfig config, DataSet data, Listener listener) {
    try {
      Path folder = Files.createTempDirectory("gradus-run");
      try (Session session = new Session(config, data.schema(), config.device())) {
        Trainer trainer = new Trainer(config, data, session.model(), session.params());
        return trainer.run(RunFolder.create(folder.resolve("run")), listener);
      } finally {
        AtomicFiles.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("temporary run: no folder for it: " + e.getMessage(), e);
    }
  }
}
