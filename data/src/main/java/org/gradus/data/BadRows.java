// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.function.Consumer;

/// What happens when a row is malformed: the first is an error, or every one is counted and left out.
public final class BadRows {
  /// The two answers.
  public enum Policy {
    /// stop, and say what is wrong
    FAIL,
    /// leave the row out, and count it
    SKIP
  }

  private final Policy policy;
  private long skipped;
  private String first = "";

  /// Nothing skipped yet.
  public BadRows(Policy policy) {
    this.policy = policy;
  }

  /// Takes note of a malformed row: throws the error, or counts it.
  public void add(DataException error) {
    if (policy == Policy.FAIL) {
      throw new DataException(
          error.getMessage() + " (on-bad-row=skip leaves such rows out and counts them)", error);
    }
    if (skipped++ == 0) {
      first = String.valueOf(error.getMessage());
    }
  }

  /// Number of rows left out.
  public long skipped() {
    return skipped;
  }

  /// Says how many rows were left out, if any were.
  public void report(Consumer<String> progress) {
    if (skipped > 0) {
      progress.accept("left out " + skipped + " malformed rows; the first: " + first);
    }
  }
}
