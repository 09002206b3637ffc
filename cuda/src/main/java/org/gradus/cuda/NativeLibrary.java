// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;

/// JCuda's native library, loaded from a folder that no other process sees.
///
/// JCuda unpacks it under one name in the folder for temporary files and takes what lies there: of two processes that start together, one
/// may load what the other has half written. It asks for that folder once, so it is told another one for that moment.
final class NativeLibrary {
  private static final String FOLDER = "java.io.tmpdir";

  /// What went wrong; empty when the library is there.
  private static final String FAILURE = load();

  private NativeLibrary() {}

  /// What went wrong in loading it; empty when it is there.
  static String failure() {
    return FAILURE;
  }

  private static String load() {
    String shared = System.getProperty(FOLDER);
    Path own;
    try {
      own = Files.createTempDirectory("gradus-jcuda-");
    } catch (IOException e) {
      return "no folder for JCuda's native library in " + shared + ": " + e.getMessage();
    }
    try {
      System.setProperty(FOLDER, own.toString());
      JCudaDriver.setExceptionsEnabled(false); // the first call loads the library
      return "";
    } catch (LinkageError e) {
      return "JCuda's native library does not load on "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch");
    } finally {
      System.setProperty(FOLDER, shared);
      remove(own);
    }
  }

  /// Now where a file in use can be removed, at the end of the process elsewhere.
  private static void remove(Path folder) {
    folder.toFile().deleteOnExit();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        file.toFile().deleteOnExit();
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      // the registered ones go when the process ends
    }
  }
}
