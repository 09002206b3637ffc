// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.gradus.autograd.Params;
import org.gradus.data.DataSource;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.tensor.Device;
import org.gradus.trainer.run.BuiltModel;
import org.gradus.trainer.run.TrainConfig;

/// A model built for a schema from a run's configuration, on a device of its own. Closing it frees both.
final class Session implements AutoCloseable {
  private final BuiltModel built;

  Session(TrainConfig config, Schema schema, String deviceName) {
    built = new BuiltModel(config, schema, deviceName);
  }

  /// Opens the data that a configuration names.
  static DataSource.Opened open(TrainConfig config, PrintWriter err) {
    return open(config.data(), err);
  }

  /// Opens data.
  static DataSource.Opened open(TrainConfig.DataChoice data, PrintWriter err) {
    DataSource source = Sources.get(data.name());
    String path = data.path();
    return source.open(
        new DataSource.Request(
            path == null ? null : Path.of(path),
            Sources.cache(),
            0,
            data.settings(),
            line -> {
              err.println("data: " + line);
              err.flush();
            }));
  }

  /// The model.
  Model model() {
    return built.model();
  }

  /// Its parameters.
  Params params() {
    return built.params();
  }

  /// Where they live.
  Device device() {
    return built.device();
  }

  @Override
  public void close() {
    built.close();
  }
}
