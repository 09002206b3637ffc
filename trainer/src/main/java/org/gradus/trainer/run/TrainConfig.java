// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.trainer.loss.LossConfig;
import org.gradus.trainer.metrics.GroupedAuc;
import org.gradus.trainer.optim.Group;
import org.gradus.trainer.optim.OptimizerConfig;
import org.gradus.trainer.optim.Rule;
import org.jspecify.annotations.Nullable;

/// Everything needed to repeat a run; `config.json` of its folder.
///
/// @param model which model, and its settings
/// @param data which data, and its settings
/// @param device as in `--device`; what `auto` chose, not the word itself
/// @param deviceSettings of devices, by key
/// @param seed of initial values, dropout and shuffling
/// @param loop how long and in what portions
/// @param optimizer how parameters move
/// @param loss what is minimised
/// @param stopping when to end early, or null for never
/// @param frozen patterns of parameters that stay as they are
/// @param initFrom folder of the run, or file, whose parameters are the initial ones, or null
/// @param measure how predictions are measured
/// @param execution what changes no result
public record TrainConfig(
    ModelChoice model,
    DataChoice data,
    String device,
    Map<String, String> deviceSettings,
    long seed,
    Loop loop,
    OptimizerConfig optimizer,
    LossConfig loss,
    @Nullable Stopping stopping,
    List<String> frozen,
    @Nullable String initFrom,
    Measure measure,
    Execution execution) {
  /// Copies the list and the map.
  public TrainConfig {
    frozen = List.copyOf(frozen);
    deviceSettings = Collections.unmodifiableMap(new LinkedHashMap<>(deviceSettings));
  }

  /// A model by name.
  ///
  /// @param settings values of its options, presets included
  public record ModelChoice(String name, Map<String, String> settings) {
    /// Copies the map, in order.
    public ModelChoice {
      settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }
  }

  /// Data by name.
  ///
  /// @param path the file or folder, or null when the source generates it
  /// @param settings of the source
  public record DataChoice(String name, @Nullable String path, Map<String, String> settings) {
    /// Copies the map, in order.
    public DataChoice {
      settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }
  }

  /// How long, and in what portions.
  ///
  /// @param epochs passes, each shuffled in its own way
  /// @param stepsPerEpoch ends a pass after so many batches; 0 for the whole pass
  /// @param batchSize B
  /// @param dropLast leaves out a last batch smaller than B
  public record Loop(int epochs, long stepsPerEpoch, int batchSize, boolean dropLast) {
    /// Checks the ranges.
    public Loop {
      if (epochs < 1 || stepsPerEpoch < 0 || batchSize < 1) {
        throw new IllegalArgumentException(
            "loop: epochs "
                + epochs
                + ", stepsPerEpoch "
                + stepsPerEpoch
                + ", batchSize "
                + batchSize
                + ". Expected at least 1 epoch and 1 example, and steps of at least 0.");
      }
    }
  }

  /// Ends training when a metric of the validation rows has not improved for a while, and keeps the best model.
  ///
  /// @param metric such as `valid.auc`, or with several labels `valid.click.auc` or `valid.auc_macro`
  /// @param patience epochs without improvement after which training ends
  /// @param minDelta how much better than the best so far an epoch must be to count; 0 for any better one, null as well
  public record Stopping(String metric, int patience, @Nullable Double minDelta) {
    /// Every improvement counts.
    public Stopping(String metric, int patience) {
      this(metric, patience, 0.0);
    }

    /// Checks the range.
    public Stopping {
      if (patience < 1 || (minDelta != null && !(minDelta >= 0))) {
        throw new IllegalArgumentException(
            "stopping: patience "
                + patience
                + ", minDelta "
                + minDelta
                + ". Expected at least 1, and at least 0.");
      }
    }

    /// Whether a value of the metric is an improvement over the best so far.
    boolean improves(double value, double best) {
      double least = minDelta == null ? 0 : minDelta;
      return rises() ? value > best + least : value < best - least;
    }

    /// Whether more is better: so for `auc` and `gauc`, while losses and errors shall fall.
    boolean rises() {
      String last = metric.substring(metric.lastIndexOf('.') + 1);
      return last.matches("g?auc(_macro)?");
    }
  }

  /// How predictions are measured.
  ///
  /// @param batchSize rows scored at once; scores do not depend on it
  /// @param gauc how much each group counts
  public record Measure(int batchSize, GroupedAuc.Weighting gauc) {}

  /// What changes no result: a run may be resumed with other values.
  ///
  /// @param threads of the cpu device
  /// @param checkpointEvery steps between checkpoints within an epoch; 0 for one at the end of each epoch only
  /// @param tableFiles folder of the files that tables are mapped to, or null for memory
  /// @param baselines whether LR and FM are trained beside the model where the true probabilities are known
  public record Execution(
      int threads, long checkpointEvery, @Nullable String tableFiles, boolean baselines) {
    /// With tables in memory, and baselines.
    public Execution(int threads, long checkpointEvery) {
      this(threads, checkpointEvery, null, true);
    }

    /// Checks the ranges.
    public Execution {
      if (threads < 1 || checkpointEvery < 0) {
        throw new IllegalArgumentException(
            "execution: threads "
                + threads
                + ", checkpointEvery "
                + checkpointEvery
                + ". Expected at least 1 thread, and steps of at least 0.");
      }
    }
  }

  /// A starting point: Adam at 10⁻³ as its paper proposes, batches of 1024, one epoch, no early stopping.
  public static TrainConfig of(String model, String data, String device) {
    return new TrainConfig(
        new ModelChoice(model, Map.of()),
        new DataChoice(data, null, Map.of()),
        device,
        Map.of(),
        0,
        new Loop(1, 0, 1024, false),
        OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 1e-3)),
        LossConfig.ALL,
        null,
        List.of(),
        null,
        new Measure(4096, GroupedAuc.Weighting.IMPRESSIONS),
        new Execution(Runtime.getRuntime().availableProcessors(), 0));
  }

  /// The same with another seed.
  public TrainConfig withSeed(long s) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        s,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same with another model.
  public TrainConfig with(ModelChoice m) {
    return new TrainConfig(
        m,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same on other data.
  public TrainConfig with(DataChoice d) {
    return new TrainConfig(
        model,
        d,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same on another device.
  public TrainConfig on(String d) {
    return new TrainConfig(
        model,
        data,
        d,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same with other settings of devices.
  public TrainConfig withDeviceSettings(Map<String, String> given) {
    return new TrainConfig(
        model, data, device, given, seed, loop, optimizer, loss, stopping, frozen, initFrom,
        measure, execution);
  }

  /// The same with another loop.
  public TrainConfig with(Loop l) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        l,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same with another optimiser.
  public TrainConfig with(OptimizerConfig o) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        o,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same with another loss.
  public TrainConfig with(LossConfig l) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        l,
        stopping,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same with early stopping.
  public TrainConfig with(@Nullable Stopping s) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        s,
        frozen,
        initFrom,
        measure,
        execution);
  }

  /// The same, executed in another way.
  public TrainConfig with(Execution e) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        initFrom,
        measure,
        e);
  }

  /// The same, starting from the parameters of another run.
  public TrainConfig withInitFrom(@Nullable String from) {
    return new TrainConfig(
        model,
        data,
        device,
        deviceSettings,
        seed,
        loop,
        optimizer,
        loss,
        stopping,
        frozen,
        from,
        measure,
        execution);
  }
}
