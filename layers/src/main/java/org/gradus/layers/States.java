// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Masks;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The states that a recurrent layer goes through on a batch of sequences.
public final class States {
  private final Var all;
  private final int time;
  private final @Nullable Tensor lengths;

  /// @param all the state after every step, `[B, T, H]` and perhaps more behind; a row that has ended keeps its last one
  /// @param time T
  /// @param lengths `INT [B]`; null when every row has T steps
  States(Var all, int time, @Nullable Tensor lengths) {
    this.all = all;
    this.time = time;
    this.lengths = lengths;
  }

  /// The last state of every row, `[B, H]`; of a row without steps the initial one.
  public Var last() {
    return all.index(1, time - 1);
  }

  /// The states after every step, `[B, T, H]`; behind its end a row's last state stands in every place.
  public Var carried() {
    return all.size(1) == time ? all : all.slice(1, 0, time);
  }

  /// The states after every step, `[B, T, H]`, exactly 0 where a row has no step.
  public Var emitted() {
    if (lengths == null) {
      return carried();
    }
    Tape tape = all.tape();
    Tensor mask = Masks.sequenceMask(tape.scope(), lengths.toInts(), time);
    return carried().keepWhere(tape.scope().reshape(mask, Shape.of(all.size(0), time, 1)));
  }
}
