// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Turns the real steps of every row around and leaves the padding behind them: step t comes from step L − 1 − t of the same
/// row. Turning the whole row instead would have a layer read padding first. Done twice it changes nothing.
final class TimeReversal {
  private final Tensor places; // INT [B, T]: row of x as [B·T, D]
  private final Shape steps; //   [B, T]

  /// @param lengths `INT [B]`, each 0 … T; null when every row has T steps
  TimeReversal(Scope scope, int batch, int time, @Nullable Tensor lengths) {
    int[] ends = lengths == null ? null : scope.ints(lengths);
    int[] from = scope.ints(batch * time);
    for (int b = 0; b < batch; b++) {
      int end = ends == null ? time : ends[b];
      for (int t = 0; t < time; t++) {
        from[b * time + t] = b * time + (t < end ? end - 1 - t : t);
      }
    }
    steps = Shape.of(batch, time);
    places = scope.upload(steps, from);
  }

  /// x `[B, T, D]` → `[B, T, D]`.
  Var apply(Var x) {
    return x.reshape(steps.elements(), x.size(2)).gather(0, places);
  }
}
