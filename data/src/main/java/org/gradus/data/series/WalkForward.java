// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.ArrayList;
import java.util.List;

/// Several splits by time, one after the other: each trains on what came before an origin and tests on what came next. So a model is
/// judged in more than one season, and never on its own past.
///
/// @param origin what training goes back to
/// @param first seconds; the first origin
/// @param test seconds that each fold tests on, and the distance from one origin to the next
/// @param folds how many
/// @param memory seconds that training goes back, for [Origin#SLIDING]
public record WalkForward(Origin origin, long first, long test, int folds, long memory) {
  /// What training goes back to.
  public enum Origin {
    /// the beginning: later folds train on more
    EXPANDING,
    /// a fixed time before the origin: every fold trains on as much
    SLIDING
  }

  /// Checks the ranges.
  public WalkForward {
    if (test < 1 || folds < 1 || (origin == Origin.SLIDING && memory < 1)) {
      throw new IllegalArgumentException(
          "walk forward: "
              + folds
              + " folds of "
              + test
              + " seconds, memory "
              + memory
              + ". Expected at least 1 each; an expanding origin needs no memory.");
    }
  }

  /// One split.
  ///
  /// @param train what training windows predict
  /// @param tested what test windows predict
  public record Fold(Targets train, Targets tested) {}

  /// The splits, in order. No time is tested twice.
  public List<Fold> list() {
    List<Fold> all = new ArrayList<>();
    for (int f = 0; f < folds; f++) {
      long at = first + f * test;
      Targets train =
          origin == Origin.EXPANDING
              ? Targets.before(at)
              : new Targets(at - memory, at, false); // what is forgotten is not seen either
      all.add(new Fold(train, new Targets(at, at + test, true)));
    }
    return all;
  }
}
