// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
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
  private final String advice;
  private long skipped;
  private String first = "";

  /// Nothing skipped yet.
  public BadRows(Policy policy) {
    this(policy, " (--on-bad-row skip leaves such rows out and counts them)");
  }

  private BadRows(Policy policy, String advice) {
    this.policy = policy;
    this.advice = advice;
  }

  /// Stops at the first one, where a row in is a row out and none may be left out: scores of a file.
  public static BadRows never() {
    return new BadRows(Policy.FAIL, "");
  }

  /// Takes note of a malformed row: throws the error, or counts it.
  public void add(DataException error) {
    if (policy == Policy.FAIL) {
      throw new DataException(error.getMessage() + advice, error);
    }
    if (skipped++ == 0) {
      first = String.valueOf(error.getMessage());
    }
  }

  /// Number of rows left out.
  public long skipped() {
    return skipped;
  }

  /// Facts about a data set, and how many rows were left out where that may be.
  public Map<String, Double> with(Map<String, Double> facts) {
    Map<String, Double> all = new TreeMap<>(facts);
    if (policy == Policy.SKIP) {
      all.put("skipped_rows", (double) skipped);
    }
    return all;
  }

  /// Says how many rows were left out, if any were.
  public void report(Consumer<String> progress) {
    if (skipped > 0) {
      progress.accept(leftOut());
    }
  }

  private String leftOut() {
    return "left out " + skipped + " malformed rows; the first: " + first;
  }

  /// An error for data of which no row is left to train on.
  ///
  /// @param path what was read
  public DataException noTrainingRows(Path path) {
    return new DataException(
        path
            + ": no training rows: "
            + (skipped == 0 ? "every row is held out. Expected more rows." : leftOut()));
  }
}
