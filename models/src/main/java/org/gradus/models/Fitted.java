// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Set;
import java.util.function.Consumer;
import org.gradus.embeddings.Batch;
import org.jspecify.annotations.Nullable;

/// A model with parts that no gradient reaches: they are fitted once, on the training rows, before the first step.
///
/// What was fitted lies in parameters that are not trained, so that it is saved and read with the others. A model whose parameters
/// come from a run is fitted already.
public interface Fitted extends Model {
  /// The training rows, as often as they are needed.
  @FunctionalInterface
  interface Rows {
    /// Hands out every row, in stored order.
    void forEach(Consumer<Batch> batch);
  }

  /// Whether the parts are there. `forward` fails while they are not.
  boolean fitted();

  /// Fits them.
  ///
  /// @param seed of the run; with the rows it decides about the result, and nothing else does
  /// @return one line for the user
  String fit(Rows rows, long seed);

  /// Paths of fitted parts that say what the training rows are like, and on which no weight depends. They are fitted again where a
  /// model starts from the weights of another run; all others are taken from it.
  default Set<String> refitted() {
    return Set.of();
  }

  /// The rows that gradients train on, by their places in stored order, rising; null for all.
  ///
  /// @param seed as for [#fit]
  long @Nullable [] trainedRows(Rows rows, long seed);
}
