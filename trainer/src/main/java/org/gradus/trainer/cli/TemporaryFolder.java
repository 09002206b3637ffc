// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.gradus.trainer.store.AtomicFiles;

/// A folder that is gone when it is closed, and when the process is told to end before that.
final class TemporaryFolder implements AutoCloseable {
  private static final int TRIES = 20;
  private static final int PAUSE = 10; // ms

  private final Path path;
  private final Thread hook;

  /// A new folder under that of the system for temporary files.
  TemporaryFolder(String prefix) {
    // The hook comes first, and waits for the folder: a process that is told to end in between
    // leaves none.
    CompletableFuture<Path> made = new CompletableFuture<>();
    hook = new Thread(() -> deleteAtTheEnd(made), "gradus-temporary-folder");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      path = Files.createTempDirectory(prefix);
      made.complete(path);
    } catch (IOException e) {
      made.cancel(false);
      throw new UncheckedIOException("no folder for temporary files: " + e.getMessage(), e);
    }
  }

  /// Where it is.
  Path path() {
    return path;
  }

  private static void deleteAtTheEnd(CompletableFuture<Path> made) {
    if (made.isCancelled()) {
      return;
    }
    Path path = made.join();
    for (int attempt = 1; ; attempt++) {
      try {
        AtomicFiles.delete(path);
        return;
      } catch (
          IOException
              e) { // a file came while others were deleted: the rest of the process still works
        if (attempt == TRIES) {
          System.err.println("gradus: " + path + " could not be deleted: " + e.getMessage());
          return;
        }
        LockSupport.parkNanos(PAUSE * 1_000_000L);
      }
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
