// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.Params;
import org.gradus.tensor.Device;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.store.AtomicFiles;
import org.gradus.trainer.store.SafeTensors;
import org.gradus.trainer.store.SafeTensorsFile;
import org.gradus.trainer.store.StoreException;
import org.gradus.trainer.store.Stored;

/// Writes and reads the checkpoints of a run.
///
/// @param folder of the run
/// @param params of the model
/// @param optimizer with the moments
record Checkpoints(RunFolder folder, Params params, Optimizer optimizer) {

  /// Writes a checkpoint, then points `latest` (and `best`) at it, then deletes those that nothing points at.
  ///
  /// @return its name
  String write(TrainingState state, boolean best) {
    DivergenceException.check(state.step(), params);
    String name = "step-%06d".formatted(state.step());
    Device device = params.device();
    Path target = folder.checkpoints().resolve(name);
    AtomicFiles.writeFolder(
        target,
        partial -> {
          Map<String, String> metadata = Map.of("step", Long.toString(state.step()));
          String model =
              SafeTensors.write(
                  partial.resolve(RunFolder.MODEL), device, Stored.of(params), metadata);
          String moments =
              SafeTensors.write(
                  partial.resolve(RunFolder.OPTIMIZER), device, optimizer.state(), metadata);
          TrainingState complete =
              new TrainingState(
                  state.step(),
                  state.epoch(),
                  state.consumed(),
                  state.sums(),
                  state.rows(),
                  state.total(),
                  state.stopping(),
                  state.balance(),
                  state.historyBytes(),
                  new TrainingState.Checks(
                      state.checks().schema(), state.checks().data(), model, moments));
          AtomicFiles.write(partial.resolve(RunFolder.STATE), complete.toJson());
        });
    // best first: a kill in between leaves a best that latest does not know, and resuming makes it
    // again
    if (best) {
      AtomicFiles.write(folder.checkpoints().resolve(RunFolder.BEST), name + "\n");
    }
    AtomicFiles.write(folder.checkpoints().resolve(RunFolder.LATEST), name + "\n");
    deleteOthers();
    return name;
  }

  private void deleteOthers() {
    try {
      Path latest = folder.named(RunFolder.LATEST);
      Path best = folder.named(RunFolder.BEST);
      for (Path entry : folder.checkpointEntries()) {
        boolean unnamed = Files.isDirectory(entry) && !entry.equals(latest) && !entry.equals(best);
        if (unnamed || AtomicFiles.isPartial(entry)) {
          AtomicFiles.delete(entry);
        }
      }
    } catch (IOException e) {
      throw StoreException.writing(folder.checkpoints(), e);
    }
  }

  /// Reads the latest checkpoint into parameters and moments, and cuts the history back to it. Without one the run
  /// starts anew, with `start`.
  TrainingState resume(TrainingState start) {
    Path checkpoint = folder.named(RunFolder.LATEST);
    if (checkpoint == null) {
      AtomicFiles.truncate(folder.path().resolve(RunFolder.HISTORY), 0);
      return start;
    }
    TrainingState state = TrainingState.read(checkpoint.resolve(RunFolder.STATE));
    checkSame("schema", start.checks().schema(), state.checks().schema());
    checkSame("data", start.checks().data(), state.checks().data());
    SafeTensorsFile model = SafeTensors.open(checkpoint.resolve(RunFolder.MODEL));
    SafeTensorsFile moments = SafeTensors.open(checkpoint.resolve(RunFolder.OPTIMIZER));
    checkBelongs(model, state.checks().model());
    checkBelongs(moments, state.checks().optimizer());
    model.readAll("the model", params.device(), Stored.of(params));
    SortedMap<String, Stored> own = new TreeMap<>(optimizer.state());
    moments.readAll("the optimiser", params.device(), own);
    AtomicFiles.truncate(folder.path().resolve(RunFolder.HISTORY), state.historyBytes());
    return state;
  }

  /// Reads the parameters of the best checkpoint.
  void loadBest() {
    Path checkpoint = folder.named(RunFolder.BEST);
    if (checkpoint == null) {
      throw new StoreException(
          folder.checkpoints()
              + " has no "
              + RunFolder.BEST
              + ". Expected the name of a checkpoint.");
    }
    SafeTensorsFile model = SafeTensors.open(checkpoint.resolve(RunFolder.MODEL));
    model.readAll("the model", params.device(), Stored.of(params));
  }

  private static void checkBelongs(SafeTensorsFile file, String expected) {
    String found = file.verify();
    if (!found.equals(expected)) {
      throw new StoreException(
          file.path()
              + " does not belong to its checkpoint: its SHA-256 is "
              + found
              + ", state.json says "
              + expected
              + ". Use another checkpoint.");
    }
  }

  private static void checkSame(String what, String given, String expected) {
    if (!given.equals(expected)) {
      throw new IllegalArgumentException(
          "resume: the "
              + what
              + " has hash "
              + given
              + ", that of the run "
              + expected
              + ". Expected the same "
              + what
              + "; start a new run instead, from these parameters if you like.");
    }
  }
}
