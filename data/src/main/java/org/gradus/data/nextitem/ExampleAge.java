// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.nextitem;

/// How old an example is: the time from its label to the latest one in training, as a share of the time that training covers.
///
/// ```
/// age = max(0, t_max − t) / (t_max − t_min)
/// ```
///
/// With it a model can say how popular an item was when; what is served has age 0. It belongs to the example, whatever the
/// candidate; an item's own age would not.
///
/// @param earliest t_min, of the labels of the training examples
/// @param latest t_max, of the same
public record ExampleAge(long earliest, long latest) {
  /// Checks the order.
  public ExampleAge {
    if (earliest > latest) {
      throw new IllegalArgumentException(
          "example age: from " + earliest + " to " + latest + ". Expected times that rise.");
    }
  }

  /// Of the training examples.
  public static ExampleAge of(Iterable<NextItems.Example> examples) {
    long earliest = Long.MAX_VALUE;
    long latest = Long.MIN_VALUE;
    for (NextItems.Example e : examples) {
      if (e.split() == org.gradus.data.Split.TRAIN) {
        earliest = Math.min(earliest, e.time());
        latest = Math.max(latest, e.time());
      }
    }
    if (latest == Long.MIN_VALUE) {
      throw new IllegalArgumentException("example age: no training examples. Expected one.");
    }
    return new ExampleAge(earliest, latest);
  }

  /// The age of an example, 0 for one that is later than all of training.
  public float of(long time) {
    long window = Math.max(1, latest - earliest);
    return (float) ((double) Math.max(0, latest - time) / window);
  }
}
