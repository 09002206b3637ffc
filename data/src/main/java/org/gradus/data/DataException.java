// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.io.IOException;
import java.nio.file.Path;

/// Data that cannot be used: malformed, damaged, or not where it should be. The message is for the user who gave it.
public final class DataException extends RuntimeException {
  /// An error that says what was found, what was expected and what to do.
  public DataException(String message) {
    super(message);
  }

  /// The same, with what caused it.
  public DataException(String message, Throwable cause) {
    super(message, cause);
  }

  /// A value of a file that breaks a rule.
  ///
  /// @param line from 1
  /// @param column the column's name
  /// @param value as it stands in the file
  /// @param rule a sentence that says what was expected
  public static DataException value(
      Path file, long line, String column, String value, String rule) {
    return new DataException(
        file + ":" + line + ": column " + column + " is \"" + shortened(value) + "\". " + rule);
  }

  /// A row of a file that breaks a rule as a whole.
  public static DataException row(Path file, long line, String what) {
    return new DataException(file + ":" + line + ": " + what);
  }

  /// A file that could not be read or written.
  public static DataException io(String doing, Path file, IOException cause) {
    String why =
        switch (cause) {
          case java.nio.file.NoSuchFileException _ -> "it does not exist";
          case java.nio.file.AccessDeniedException _ -> "permission denied";
          case java.nio.file.NotDirectoryException _ -> "it is no folder";
          default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
        };
    return new DataException(doing + " " + file + " failed: " + why + ".", cause);
  }

  private static String shortened(String value) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < value.length() && i < 80; i++) {
      char c = value.charAt(i);
      s.append(c < ' ' || c == 0x7F ? '?' : c);
    }
    return value.length() > 80 ? s + "…" : s.toString();
  }
}
