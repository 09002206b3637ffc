// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.BiLstm.Merge;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// What the two directions of a [BiLstm] found on a batch of sequences. Place t of both belongs to step t of the input, and is
/// exactly 0 where a row has no step.
///
/// @param forward F `[B, T, H]`
/// @param backward R `[B, T, H]`
/// @param last state and cell in which the last layer ended: of the forward direction at the last real step, of the backward
///     direction at the first
/// @param lengths of the rows
/// @param merge how F and R become one
public record BiStates(
    Var forward, Var backward, List<Lstm.Memory> last, @Nullable Tensor lengths, Merge merge) {
  /// F and R as one, `[B, T, H]`; `[B, T, 2H]` for [Merge#CONCAT].
  public Var merged() {
    return merge(forward, backward);
  }

  /// F at the last real step with R at the first, `[B, H]` or `[B, 2H]`: each direction where it has read the whole row. A row
  /// without steps gives 0.
  public Var mergedLast() {
    return merge(lastForward(), backward.index(1, 0));
  }

  private Var lastForward() {
    if (lengths == null) {
      return forward.index(1, -1);
    }
    int time = forward.size(1);
    Tape tape = forward.tape();
    int[] places = tape.scope().ints(lengths);
    // A row without steps reads its first place, which holds 0.
    for (int b = 0; b < places.length; b++) {
      places[b] = b * time + Math.max(places[b] - 1, 0);
    }
    Tensor ids = tape.scope().upload(Shape.of(places.length), places);
    return forward.reshape(-1, forward.size(2)).gather(0, ids);
  }

  private Var merge(Var f, Var r) {
    return switch (merge) { //                                           (BI-4)
      case FORWARD -> f;
      case BACKWARD -> r;
      case CONCAT -> Var.concat(-1, List.of(f, r));
      case SUM -> f.add(r);
      case AVERAGE -> f.add(r).multiply(0.5);
      case MULTIPLY -> f.multiply(r);
      case NONE ->
          throw new IllegalArgumentException(
              "bilstm: merge NONE keeps the directions apart. Expected another merge, or forward()"
                  + " and backward().");
    };
  }
}
