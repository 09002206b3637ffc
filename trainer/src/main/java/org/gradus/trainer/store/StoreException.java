// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/// A file could not be written, or what it holds cannot be used. The message is for the user.
public final class StoreException extends RuntimeException {
  /// With a message for the user.
  public StoreException(String message) {
    super(message);
  }

  /// With a message for the user, and what caused it.
  public StoreException(String message, Throwable cause) {
    super(message, cause);
  }

  /// A failed write; whatever stood there before still does.
  public static StoreException writing(Path file, Exception cause) {
    return new StoreException(
        "cannot write " + file + ": " + reason(cause) + ". What stood there before is unchanged.",
        cause);
  }

  /// A failed read.
  public static StoreException reading(Path file, Exception cause) {
    return new StoreException("cannot read " + file + ": " + reason(cause) + ".", cause);
  }

  private static String reason(Exception cause) {
    return switch (cause) {
      case NoSuchFileException e -> "no such file or folder: " + e.getFile();
      case java.nio.file.FileAlreadyExistsException e -> "a file is in the way: " + e.getFile();
      case NotDirectoryException e -> "not a folder: " + e.getFile();
      case AccessDeniedException _ -> "permission denied; expected a folder that may be written to";
      case java.nio.file.ReadOnlyFileSystemException _ -> "the file system is read-only";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      case IOException e when e.getMessage() != null -> e.getMessage();
      default -> cause.toString();
    };
  }
}
