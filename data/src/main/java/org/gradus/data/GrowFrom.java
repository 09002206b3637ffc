// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The setting `growFrom`, for a warm start on new rows: a run, or the folder of its encoder, whose ids stay as they are.
/// Values that are new get the ids after them.
public final class GrowFrom {
  /// The setting's name; its preset is empty.
  public static final String SETTING = "growFrom";

  private static final String ENCODER = "encoder"; // the folder in a run, and the file in it

  private GrowFrom() {}

  /// The folder of the encoder, or null when the setting is not given.
  public static @Nullable Path folder(Settings settings) {
    if (!settings.given(SETTING)) {
      return null;
    }
    Path given = Path.of(settings.text(SETTING));
    Path ofRun = given.resolve(ENCODER);
    Path folder = Files.isDirectory(ofRun) ? ofRun : given;
    if (!Files.isRegularFile(folder.resolve(ENCODER))) {
      throw new DataException(
          "setting growFrom is \""
              + given
              + "\", where no encoder lies. Expected the folder of a run, such as --init-from"
              + " has.");
    }
    return folder;
  }

  /// What is wrong when a table's ids would mean something else than before.
  ///
  /// @param how `hash=10`, for example
  public static DataException changed(String table, String how, String before) {
    return new DataException(
        "growFrom: the ids of "
            + table
            + " come from "
            + how
            + ", and came from "
            + before
            + ". Expected the same, or the rows of its table would belong to other values.");
  }
}
