// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;

/// Which axes grow with the batch: found from passes over batches of several sizes.
final class Sizes {
  /// Rows of the batches, distinct primes, so that nothing is a multiple of them by chance.
  static final List<Integer> BATCHES = List.of(5, 7, 11);

  private final List<Trace> traces;
  private final boolean comparable;

  /// @param traces one per batch of [#BATCHES]
  Sizes(List<Trace> traces) {
    this.traces = traces;
    comparable = traces.stream().map(Sizes::operations).distinct().count() == 1;
  }

  private static List<List<Object>> operations(Trace trace) {
    return trace.events().stream()
        .map(e -> List.<Object>of(e.op(), e.sizes().size(), e.frames()))
        .toList();
  }

  /// The sizes of an event's result: a number, `B`, a multiple of it, or `N` for what depends on more than the number of rows.
  /// Numbers alone, those of the first batch, where batches take different paths through the model.
  List<String> of(int event) {
    List<String> shape = new ArrayList<>();
    List<Integer> first = traces.getFirst().events().get(event).sizes();
    for (int axis = 0; axis < first.size(); axis++) {
      shape.add(comparable ? size(event, axis) : Integer.toString(first.get(axis)));
    }
    return shape;
  }

  private String size(int event, int axis) {
    int[] sizes = new int[traces.size()];
    for (int t = 0; t < sizes.length; t++) {
      sizes[t] = traces.get(t).events().get(event).sizes().get(axis);
    }
    boolean constant = true;
    boolean multiple = true;
    for (int t = 0; t < sizes.length; t++) {
      constant &= sizes[t] == sizes[0];
      multiple &= (long) sizes[t] * BATCHES.getFirst() == (long) sizes[0] * BATCHES.get(t);
    }
    if (constant) {
      return Integer.toString(sizes[0]);
    }
    int times = sizes[0] / BATCHES.getFirst();
    return !multiple ? "N" : times == 1 ? "B" : times + "B";
  }

  /// Whether batches of all sizes took the same path.
  boolean comparable() {
    return comparable;
  }
}
