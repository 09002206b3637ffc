// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSource;
import org.gradus.models.ModelSpec;
import org.gradus.tensor.Devices;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What commands that train have in common: on which data, on which device, and how.
final class Protocol {
  @Option(
      names = "--data",
      paramLabel = "D",
      description = "see: gradus data list (default criteo-synthetic)")
  private @Nullable String data;

  @Option(names = "--path", paramLabel = "P", description = "file or folder of the data")
  private @Nullable Path path;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "reference, cpu, cuda, cuda:1 or auto (default: $$GRADUS_DEVICE, else auto)")
  private @Nullable String device;

  @Option(
      names = "--set",
      paramLabel = "key=value",
      converter = Assignment.Converter.class,
      description = {
        "an option of the model, of the training, of the data (data.…), or of the device (gradus"
            + " doctor lists those);",
        "where several models are compared, MODEL.key=value for one of them"
      })
  private List<Assignment> set = new ArrayList<>();

  @Mixin private OnBadRow onBadRow = new OnBadRow();

  @Option(
      names = "--epochs",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "passes over the training rows")
  private @Nullable Integer epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "rows of a batch")
  private @Nullable Integer batchSize;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = Whole.Positive.class,
      description = "of the cpu device; results do not depend on it")
  private @Nullable Integer threads;

  /// The name of the data, or null when none was given.
  @Nullable String data() {
    return data;
  }

  /// The device asked for.
  @Nullable String device() {
    return device;
  }

  /// What `--set` says, by key.
  Map<String, String> settings() {
    return Assignment.map(set, "");
  }

  /// Fails where `--set` speaks of another device than the one chosen.
  void checkSettings(String chosen) {
    for (Assignment a : set) {
      if (Overrides.isOfDevice(a.key()) && !Devices.isSettingOf(chosen, a.key())) {
        String other = a.key().substring(0, a.key().indexOf('.'));
        throw new IllegalArgumentException(
            "--set "
                + a.key()
                + ": a setting of "
                + other
                + ", and the device is "
                + chosen
                + ". Expected --device "
                + other
                + " beside it.");
      }
    }
  }

  /// Whether data, or settings of anything, were given.
  boolean choosesDataOrSettings() {
    return data != null || !set.isEmpty() || onBadRow.given();
  }

  /// The data asked for, else those of a configuration.
  DataSource source(TrainConfig base) {
    return Sources.get(data == null ? base.data().name() : data);
  }

  /// A configuration with a model, and with what was asked for over it.
  ///
  /// @param base what holds where nothing was asked for
  /// @param given settings by key
  TrainConfig over(TrainConfig base, ModelSpec model, Map<String, String> given) {
    DataSource source = source(base);
    Overrides overrides = new Overrides(given, model, source);
    boolean sameModel = model.name().equals(base.model().name());
    Map<String, String> options =
        new LinkedHashMap<>(sameModel ? base.model().settings() : Map.of());
    options.putAll(overrides.model());
    boolean sameData = source.name().equals(base.data().name());
    Map<String, String> dataSettings =
        new LinkedHashMap<>(sameData ? base.data().settings() : Map.of());
    dataSettings.putAll(onBadRow.over(source, overrides.data()));
    TrainConfig all =
        base.with(new TrainConfig.ModelChoice(model.name(), model.settings(options).toMap()))
            .with(new TrainConfig.DataChoice(source.name(), path(base), dataSettings))
            .with(loop(base.loop()))
            .with(execution(base.execution()));
    return overrides.apply(all);
  }

  /// The data of a configuration, at the path asked for.
  TrainConfig.DataChoice moved(TrainConfig.DataChoice choice) {
    return path == null
        ? choice
        : new TrainConfig.DataChoice(choice.name(), path.toString(), choice.settings());
  }

  private @Nullable String path(TrainConfig base) {
    return path == null ? base.data().path() : path.toString();
  }

  /// A loop, with what was asked for over it.
  TrainConfig.Loop loop(TrainConfig.Loop l) {
    return new TrainConfig.Loop(
        epochs == null ? l.epochs() : epochs,
        l.stepsPerEpoch(),
        batchSize == null ? l.batchSize() : batchSize,
        l.dropLast());
  }

  /// An execution, with what was asked for over it.
  TrainConfig.Execution execution(TrainConfig.Execution e) {
    return new TrainConfig.Execution(
        threads == null ? e.threads() : threads,
        e.checkpointEvery(),
        e.tableFiles(),
        e.baselines());
  }
}
