// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import org.gradus.embeddings.History;
import org.gradus.embeddings.StepIds;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Scope;

/// Steps that did not happen, one or several in the place of each step but the first of a row. A negative is never the step
/// itself and never padding; which ones are drawn is a function of a key, the row and the place in it, so padding does not matter.
public final class Negatives {
  /// Draws beside the step itself before the rest of the batch is counted through.
  private static final int TRIES = 16;

  private final History history;
  private final Source source;
  private final int each;

  /// Where negatives come from.
  public enum Source {
    /// Every known id of the column is as likely as the next. For histories of one column: nobody says which category would
    /// go with an item.
    UNIFORM,
    /// Another real step of the batch, with all its columns: an item as likely as it is frequent.
    BATCH
  }

  /// @param each how many for each step
  Negatives(History history, Source source, int each) {
    if (each < 1) {
      throw new IllegalArgumentException(
          "dien: " + each + " negatives for each step. Expected at least 1.");
    }
    if (source == Source.UNIFORM && history.columns().size() > 1) {
      throw new IllegalArgumentException(
          "dien: negatives UNIFORM for a history of the columns "
              + String.join(", ", history.columns())
              + ": nobody says what goes with a drawn "
              + history.name()
              + ". Expected negatives BATCH, which are whole steps.");
    }
    this.history = history;
    this.source = source;
    this.each = each;
  }

  /// Negatives of a batch.
  ///
  /// @param ids by column `[B, T − 1, n]`: row b, place t has those of step t + 1; 0 where there are none
  /// @param pairs `[B, T − 1]`: whether step t + 1 is real, and has negatives
  /// @param count how many of these are true
  record Drawn(int[][] ids, boolean[] pairs, int count) {}

  /// Draws, into arrays of a scope.
  ///
  /// @param longest T
  Drawn draw(StepIds steps, int longest, long key, Scope scope) {
    int places = longest - 1;
    int[][] ids = new int[history.columns().size()][];
    for (int c = 0; c < ids.length; c++) {
      ids[c] = scope.ints(steps.rows() * places * each);
    }
    boolean[] pairs = scope.booleans(steps.rows() * places);
    int count = 0;
    for (int b = 0; b < steps.rows(); b++) {
      long rowKey = Counter.key(key, b);
      for (int t = 0; t + 1 < steps.length(b); t++) {
        int pair = b * places + t;
        int positive = steps.ends()[b] + t + 1;
        boolean found = true;
        for (int j = 0; j < each && found; j++) {
          long place = (long) t * each + j;
          found = draw(steps, positive, Counter.key(rowKey, place), ids, pair * each + j);
        }
        pairs[pair] = found;
        count += found ? 1 : 0;
      }
    }
    return new Drawn(ids, pairs, count);
  }

  /// Puts a negative of a step into a place of each column; false when there is none.
  private boolean draw(StepIds steps, int positive, long key, int[][] ids, int place) {
    if (source == Source.UNIFORM) {
      int id = uniform(steps.id(0, positive), key);
      ids[0][place] = id;
      return id != 0;
    }
    int other = other(steps, positive, key);
    for (int c = 0; c < ids.length && other >= 0; c++) {
      ids[c][place] = steps.id(c, other);
    }
    return other >= 0;
  }

  /// One of the known ids 2 … V − 1 but this one, each as likely as the next; 0 when there is no other.
  private int uniform(int positive, long key) {
    int known = history.rows(0) - 2;
    int others = positive >= 2 ? known - 1 : known;
    if (others < 1) {
      return 0;
    }
    int id = 2 + (int) Counter.below(key, 0, others);
    return positive >= 2 && id >= positive ? id + 1 : id;
  }

  /// A step of the batch that differs from this one, each as likely as the next; −1 when there is none.
  private static int other(StepIds steps, int positive, long key) {
    for (int i = 0; i < TRIES; i++) {
      int other = (int) Counter.below(key, i, steps.count());
      if (differs(steps, positive, other)) {
        return other;
      }
    }
    int others = 0; // nearly all steps are the same: count those that are not
    for (int i = 0; i < steps.count(); i++) {
      others += differs(steps, positive, i) ? 1 : 0;
    }
    int left = others == 0 ? -1 : (int) Counter.below(key, TRIES, others);
    for (int i = 0; i < steps.count() && left >= 0; i++) {
      if (differs(steps, positive, i) && left-- == 0) {
        return i;
      }
    }
    return -1;
  }

  private static boolean differs(StepIds steps, int positive, int other) {
    if (steps.id(0, other) == 0) {
      return false;
    }
    for (int c = 0; c < steps.values().length; c++) {
      if (steps.id(c, other) != steps.id(c, positive)) {
        return true;
      }
    }
    return false;
  }
}
