// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;

/// Folds steps that follow each other alike: a loop over pairs of fields is one line with a count.
final class Repeats {
  private static final int LONGEST = 8;

  private Repeats() {}

  /// The steps, each run of equal ones once. A parameter that is read for the first time makes a difference.
  static List<Step> fold(List<Step> steps) {
    List<Step> folded = new ArrayList<>();
    int at = 0;
    while (at < steps.size()) {
      int period = 1;
      int times = times(steps, at, 1);
      for (int p = 2; p <= LONGEST && times == 1; p++) {
        times = times(steps, at, p);
        period = times > 1 ? p : 1;
      }
      for (Step s : steps.subList(at, at + period)) {
        folded.add(s.times(times));
      }
      at += period * times;
    }
    return List.copyOf(folded);
  }

  /// How often the next `period` steps stand there, one time behind the other.
  private static int times(List<Step> steps, int at, int period) {
    int times = 1;
    while (at + (times + 1) * period <= steps.size()
        && steps
            .subList(at, at + period)
            .equals(steps.subList(at + times * period, at + (times + 1) * period))) {
      times++;
    }
    return times;
  }
}
