// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.gradus.autograd.Params;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.SafeTensorsFile;
import org.gradus.trainer.store.StoreException;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// The folder that a run leaves behind:
///
/// ```
/// config.json          everything needed to repeat it
/// metrics.jsonl        the loss as it falls, and the metrics of each epoch
/// metrics.json         the metrics of the model that was kept
/// model.safetensors    that model: the best when early stopping is on, otherwise the last
/// curve.svg, .png      loss and metrics over epochs
/// report.html          curves, parts of the loss, the table of parameters
/// checkpoints/         step-000123/{model.safetensors, optimizer.safetensors, state.json}, latest, best
/// ```
///
/// Every file is written under a temporary name, synced and renamed. `latest` and `best` are text files that name a
/// checkpoint; a checkpoint that neither names counts for nothing.
///
/// @param path where it lies
public record RunFolder(Path path) {
  static final String CONFIG = "config.json";
  static final String METRICS = "metrics.json";
  static final String HISTORY = "metrics.jsonl";
  static final String MODEL = "model.safetensors";
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String STATE = "state.json";
  static final String LATEST = "latest";
  static final String BEST = "best";
  private static final String LOCK = ".lock";

  /// A new folder, or an empty one that is there.
  public static RunFolder create(Path path) {
    if (Files.exists(path.resolve(CONFIG))) {
      throw new StoreException(
          path
              + " holds a run already. Expected a new folder; resume that run, or choose another.");
    }
    try {
      Files.createDirectories(path);
    } catch (IOException | java.nio.file.ReadOnlyFileSystemException e) {
      throw StoreException.writing(path, e);
    }
    return new RunFolder(path);
  }

  /// The folder of a run that was begun.
  public static RunFolder open(Path path) {
    if (!Files.isRegularFile(path.resolve(CONFIG))) {
      throw new StoreException(
          path + " is no run: it has no " + CONFIG + ". Expected the folder that train wrote.");
    }
    return new RunFolder(path);
  }

  /// What the run was asked to do.
  ///
  /// @param presets for keys that an older version did not write
  public TrainConfig config(TrainConfig presets) {
    return Configs.read(path.resolve(CONFIG), presets);
  }

  /// A new folder around a model that was trained elsewhere. It appears when it is complete.
  ///
  /// @param config how the model was built, and on which data it works
  /// @param more puts further files beside it
  public static void writeModel(
      Path path, TrainConfig config, Params params, AtomicFiles.Fill more) {
    if (Files.exists(path)) {
      throw new StoreException(path + " is there already. Expected the name of a new folder.");
    }
    // A training that goes on from here starts with these parameters.
    TrainConfig own = config.withInitFrom(path.resolve(MODEL).toAbsolutePath().toString());
    AtomicFiles.writeFolder(
        path,
        folder -> {
          new RunFolder(folder).writeConfig(own);
          SafeTensors.write(
              folder.resolve(MODEL),
              params.device(),
              Stored.of(params),
              Map.of("model", config.model().name()));
          more.into(folder);
        });
  }

  /// An error when another run is at work in the folder, for who is about to prepare much before [Trainer#resume] finds out.
  public void checkFree() {
    lock().close();
  }

  /// Keeps others from training into the folder, until it is closed or the process ends.
  ///
  /// @throws StoreException when another does
  Lock lock() {
    Path file = path.resolve(LOCK);
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (!isFree(channel)) {
        channel.close();
        throw new StoreException(
            path
                + " is in use: another process trains there. Expected one at a time; wait until"
                + " that one has ended, stop it, or choose another folder.");
      }
      return new Lock(file, channel);
    } catch (IOException e) {
      throw StoreException.writing(file, e);
    }
  }

  private static boolean isFree(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException _) { // by this process
      return false;
    }
  }

  /// One who trains into the folder.
  record Lock(Path file, FileChannel channel) implements AutoCloseable {
    @Override
    public void close() {
      try (channel) {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw StoreException.writing(file, e);
      }
    }
  }

  void writeConfig(TrainConfig config) {
    AtomicFiles.write(path.resolve(CONFIG), Configs.toJson(config));
  }

  /// Reads the model that the run kept.
  ///
  /// @throws StoreException when there is none, it is damaged, or it does not fit: missing, unknown and wrongly shaped
  ///     tensors are listed
  public void loadModel(Params params) {
    Path file = path.resolve(MODEL);
    if (!Files.exists(file)) {
      throw new StoreException(
          path + " holds no " + MODEL + ": the run did not end. Resume it first.");
    }
    SafeTensorsFile tensors = SafeTensors.open(file);
    tensors.readAll("the model", params.device(), Stored.of(params));
  }

  /// Lines of `metrics.jsonl`.
  List<String> history() {
    Path file = path.resolve(HISTORY);
    try {
      return Files.exists(file) ? Files.readAllLines(file) : List.of();
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  long historyBytes() {
    Path file = path.resolve(HISTORY);
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /// The checkpoint that `latest` or `best` names, or null.
  @Nullable Path named(String pointer) {
    Path file = checkpoints().resolve(pointer);
    if (!Files.exists(file)) {
      return null;
    }
    try {
      String name = Files.readString(file).strip();
      Path checkpoint = checkpoints().resolve(name);
      if (name.isEmpty() || !Files.isDirectory(checkpoint)) {
        throw new StoreException(
            file
                + " names the checkpoint \""
                + name
                + "\", which is not there. Write the name of one of these into it: "
                + String.join(", ", existing()));
      }
      return checkpoint;
    } catch (IOException e) {
      throw StoreException.reading(file, e);
    }
  }

  /// Everything in the folder of checkpoints, in order: checkpoints, pointers, and what a kill left.
  List<Path> checkpointEntries() throws IOException {
    try (Stream<Path> all = Files.list(checkpoints())) {
      return all.sorted().toList();
    }
  }

  private List<String> existing() throws IOException {
    return checkpointEntries().stream()
        .map(p -> p.getFileName().toString())
        .filter(n -> n.startsWith("step-"))
        .toList();
  }
}
