// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import org.gradus.data.Examples;
import org.gradus.tensor.Devices;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;

/// What the commands that read a run have in common.
final class Runs {
  private Runs() {}

  /// The device asked for, else `$GRADUS_DEVICE`, else that of the run; `auto` says what it chose.
  static String device(@Nullable String asked, TrainConfig config, PrintWriter err) {
    String set = System.getenv("GRADUS_DEVICE");
    String name = asked != null ? asked : set != null ? set : config.device();
    Devices.Choice choice = Devices.choose(name);
    if (name.equals("auto")) {
      err.println("device: " + choice.name() + " (" + choice.reason() + ")");
    }
    return choice.name();
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
