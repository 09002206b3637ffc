// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.gradus.autograd.Params;
import org.gradus.data.DataSource;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.trainer.run.TrainConfig;

/// A device, and a model on it, built for a schema from a run's configuration. Closing it frees both.
final class Session implements AutoCloseable {
  private final Device device;
  private final Params params;
  private final Model model;

  Session(TrainConfig config, Schema schema, String deviceName) {
    TrainConfig.Execution execution = config.execution();
    String tableFiles = execution.tableFiles();
    device =
        Device.open(
            deviceName,
            DeviceOptions.defaults()
                .withThreads(execution.threads())
                .withTables(tableFiles == null ? null : Path.of(tableFiles))
                .withSettings(config.deviceSettings()));
    params = Params.create(device, config.seed());
    try {
      ModelSpec spec = Models.get(config.model().name());
      model = spec.create(spec.settings(config.model().settings()), schema, params);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
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
    return model;
  }

  /// Its parameters.
  Params params() {
    return params;
  }

  /// Where they live.
  Device device() {
    return device;
  }

  @Override
  public void close() {
    params.close();
    device.close();
  }
}
