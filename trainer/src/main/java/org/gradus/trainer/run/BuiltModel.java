// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.nio.file.Path;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;

/// A device, and a model on it with its initial values, built for a schema from the configuration of a run. Closing it frees both.
public final class BuiltModel implements AutoCloseable {
  private final Device device;
  private final Params params;
  private final Model model;

  /// @param deviceName as in `--device`, but not `auto`
  public BuiltModel(TrainConfig config, Schema schema, String deviceName) {
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
      model = model(config.model(), schema, params);
    } catch (RuntimeException | Error e) {
      closeAfter(e);
      throw e;
    }
  }

  /// What cannot be built says of which model it is a part.
  private static Model model(TrainConfig.ModelChoice choice, Schema schema, Params params) {
    ModelSpec spec = Models.get(choice.name());
    try {
      return spec.create(spec.settings(choice.settings()), schema, params);
    } catch (IllegalArgumentException e) {
      String said = String.valueOf(e.getMessage());
      String name = spec.name() + ": ";
      throw said.startsWith(name) ? e : new IllegalArgumentException(name + said, e);
    }
  }

  /// The model.
  public Model model() {
    return model;
  }

  /// Its parameters.
  public Params params() {
    return params;
  }

  /// Where they live.
  public Device device() {
    return device;
  }

  @Override
  public void close() {
    try (device) {
      params.close();
    }
  }

  /// Closes it because something failed. What fails then, too, is told beside it and not instead.
  public void closeAfter(Throwable first) {
    try {
      close();
    } catch (RuntimeException later) {
      first.addSuppressed(later);
    }
  }
}
