// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradus.trainer.store.AtomicFiles;

/// A folder that is gone when it is closed, and when the process is told to end before that.
final class TemporaryFolder implements AutoCloseable {
  private final Path path;
  private final Thread hook = new Thread(this::deleteAtTheEnd, "gradus-temporary-folder");

  /// A new folder under that of the system for temporary files.
  TemporaryFolder(String prefix) {
    try {
      path = Files.createTempDirectory(prefix);
    } catch (IOException e) {
      throw new UncheckedIOException("no folder for temporary files: " + e.getMessage(), e);
    }
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// Where it is.
  Path path() {
    return path;
  }

  private void deleteAtTheEnd() {
    try {
      AtomicFiles.delete(path);
    } catch (IOException e) {
      System.err.println("gradus: " + path + " could not be deleted: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // The process is about to end, and the hook deletes the folder.
    }
    try {
      AtomicFiles.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(path + " could not be deleted: " + e.getMessage(), e);
    }
  }
}
