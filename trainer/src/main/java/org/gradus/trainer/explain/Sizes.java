// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.explain;

import java.util.ArrayList;
import java.util.List;

/// Which axes grow with the batch: found from passes over batches of several sizes.
final class Sizes {
  /// Rows of the batches: distinct primes, so that nothing is a multiple of them by chance, and fewer rows for a model that
  /// works part by part on so many.
  static final List<List<Integer>> BATCHES =
      List.of(List.of(5, 7, 11), List.of(2, 3, 5), List.of(1, 2, 3));

  private final List<Integer> batches;
  private final List<Trace> traces;
  private final boolean comparable;

  /// @param batches rows of several batches
  /// @param traces one for each of them
  Sizes(List<Integer> batches, List<Trace> traces) {
    this.batches = batches;
    this.traces = traces;
    comparable = traces.stream().map(Sizes::operations).distinct().count() == 1;
  }

  /// The pass over the first batch.
  Trace first() {
    return traces.getFirst();
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
      multiple &= (long) sizes[t] * batches.getFirst() == (long) sizes[0] * batches.get(t);
    }
    if (constant) {
      return Integer.toString(sizes[0]);
    }
    int times = sizes[0] / batches.getFirst();
    return !multiple ? "N" : times == 1 ? "B" : times + "B";
  }

  /// Whether batches of all sizes took the same path.
  boolean comparable() {
    return comparable;
  }
}
