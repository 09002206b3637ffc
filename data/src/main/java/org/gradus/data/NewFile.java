// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Files;
import java.nio.file.Path;

/// Names for what is generated: nothing that is there is written over.
public final class NewFile {
  private NewFile() {}

  /// Fails where something of this name is there, or the folder is not that shall hold it.
  public static void check(Path file) {
    checkFolder(file);
    if (Files.exists(file)) {
      throw new DataException(
          file
              + (Files.isDirectory(file) ? " is a folder" : ": the file is there already")
              + ". Expected the name of a new file.");
    }
  }

  /// Fails where the folder is not there that shall hold a new file or folder.
  public static void checkFolder(Path path) {
    Path folder = path.getParent(); // null: in the working directory
    if (folder != null && !Files.isDirectory(folder)) {
      throw new DataException(
          path
              + ": "
              + folder
              + (Files.exists(folder) ? " is no folder" : " is not there")
              + ". Expected a name in a folder that is there: make it first.");
    }
  }
}
