// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.DeviceOptions;
import org.gradus.tensor.Devices;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.store.StoreException;
import org.jspecify.annotations.Nullable;

/// What the commands that read a run have in common.
final class Runs {
  /// Folder of the encoder in the folder of a run.
  static final String ENCODER = "encoder";

  private Runs() {}

  /// The device asked for, else `$GRADUS_DEVICE`, else that of the run; `auto` says what it chose.
  static String device(@Nullable String asked, TrainConfig config, PrintWriter err) {
    return open(device(asked, config.device()), config.deviceSettings(), err);
  }

  /// The name asked for, else `$GRADUS_DEVICE`, else the preset.
  static String device(@Nullable String asked, String preset) {
    String set = presetDevice();
    return asked != null ? asked : set != null ? set : preset;
  }

  /// `$GRADUS_DEVICE`, or null when it is not set or empty.
  static @Nullable String presetDevice() {
    String set = System.getenv("GRADUS_DEVICE");
    return set == null || set.isBlank() ? null : set.strip();
  }

  /// Says what the model misses in the data, before it is trained without it.
  static void sayWhatIsMissed(TrainConfig config, Schema schema, PrintWriter err) {
    ModelSpec spec = Models.get(config.model().name());
    String missed = spec.misses(spec.settings(config.model().settings()), schema);
    if (missed != null) {
      err.println(spec.name() + ": " + missed);
      err.flush();
    }
  }

  /// Fails where a file could not be written, before the work whose result it shall hold.
  ///
  /// @param option for the message
  static void checkFile(String option, @Nullable Path file) {
    if (file == null) {
      return;
    }
    Path folder = file.toAbsolutePath().getParent();
    String why =
        Files.isDirectory(file)
            ? "it is a folder"
            : folder == null || !Files.isDirectory(folder)
                ? "its folder is not there"
                : refusal(folder);
    if (why != null) {
      throw new IllegalArgumentException(
          option
              + ": cannot write "
              + file
              + ": "
              + why
              + ". Expected a file in a folder that is there and may be written to.");
    }
  }

  /// Tried, since what the system says of permissions is not all: nobody writes to `/proc`.
  private static @Nullable String refusal(Path folder) {
    try {
      Files.delete(Files.createTempFile(folder, ".gradus", ""));
      return null;
    } catch (AccessDeniedException e) {
      return "permission denied";
    } catch (IOException e) {
      return "nothing can be written to its folder";
    }
  }

  /// A small table may leave nothing to choose or to report by.
  static void sayWhatIsEmpty(DataSet set, PrintWriter err) {
    List<String> empty = new ArrayList<>();
    if (set.valid().rows() == 0) {
      empty.add("no validation rows to choose by");
    }
    if (set.test().rows() == 0) {
      empty.add("no test rows to report on");
    }
    if (!empty.isEmpty()) {
      err.println("data: " + String.join(", ", empty) + ": no metrics of them");
      err.flush();
    }
  }

  /// Fails where a result would be written over what it is made from.
  static void checkApart(Path in, Path out) {
    try {
      if (Files.exists(in) && Files.exists(out) && Files.isSameFile(in, out)) {
        throw new IllegalArgumentException(
            "--out " + out + " is the file of the rows, --in. Expected another.");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Fails where a file is in the way of a folder.
  ///
  /// @param option for the message
  static void checkFolder(String option, Path folder) {
    for (Path p = folder.toAbsolutePath(); p != null; p = p.getParent()) {
      if (Files.exists(p)) {
        if (!Files.isDirectory(p)) {
          throw new IllegalArgumentException(
              option + " " + folder + ": " + p + " is no folder. Expected the name of a folder.");
        }
        return;
      }
    }
  }

  /// The exact name of the device of this name, `cuda:0` for `cuda`; `auto` says what it chose, and a device what its settings made of it. A device that cannot be opened
  /// is an error here, before data are read for it.
  static String open(String name, Map<String, String> settings, PrintWriter err) {
    Devices.Choice choice = Devices.choose(name);
    if (name.equals("auto")) {
      err.println("device: auto chose " + choice.name() + ": " + choice.reason() + ".");
      err.flush();
    }
    DeviceOptions options = DeviceOptions.defaults().withSettings(settings);
    try (Device device = Device.open(choice.name(), options)) {
      if (device.name().startsWith(name + ":") && !device.name().equals(name + ":0")) {
        err.println("device: " + name + " is " + device.description() + ": the first usable.");
        err.flush();
      }
      if (settings.keySet().stream().anyMatch(k -> Devices.isSettingOf(device.name(), k))) {
        err.println("device: " + device.description() + ".");
        err.flush();
      }
      return device.name();
    }
  }

  /// Keeps vocabularies and transforms beside the model, for files that come later.
  static void keepEncoder(DataSource.Encoder encoder, Path run) {
    Path folder = run.resolve(ENCODER);
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw StoreException.writing(folder, e);
    }
    encoder.save(folder);
  }

  /// Closes rows that hold a file open.
  static void close(Examples rows) {
    if (rows instanceof AutoCloseable c) {
      try {
        c.close();
      } catch (Exception e) {
        throw new IllegalStateException("closing rows", e);
      }
    }
  }
}
