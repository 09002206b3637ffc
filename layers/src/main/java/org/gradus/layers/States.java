// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Masks;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Kind;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The states that a recurrent layer goes through on a batch of sequences.
public final class States {
  private final Var all;
  private final int time;
  private final @Nullable Tensor real;
  private final @Nullable TimeReversal reversal;

  /// @param all the state after every step, in the order in which the layer made them, `[B, T, H]` and perhaps more behind; a
  ///     row that has ended keeps its last one
  /// @param time T
  /// @param real lengths `INT [B]`, or a `MASK [B, T]` that is true at real steps; null when every row has T steps
  States(Var all, int time, @Nullable Tensor real) {
    this(all, time, real, null);
  }

  /// @param reversal what the layer turned its steps around with, to have the states at the places of their steps; null for
  ///     states in the order in which they were made
  States(Var all, int time, @Nullable Tensor real, @Nullable TimeReversal reversal) {
    this.all = all;
    this.time = time;
    this.real = real;
    this.reversal = reversal;
  }

  /// The last state of every row, `[B, H]`; of a row without steps the initial one.
  public Var last() {
    return all.index(1, time - 1);
  }

  /// The states after every step, `[B, T, H]`; behind its end a row's last state stands in every place.
  public Var carried() {
    Var made = all.size(1) == time ? all : all.slice(1, 0, time);
    return reversal == null ? made : reversal.apply(made);
  }

  /// The states after every step, `[B, T, H]`, exactly 0 where a row has no step.
  public Var emitted() {
    if (real == null) {
      return carried();
    }
    Tape tape = all.tape();
    Tensor mask =
        real.kind() == Kind.MASK
            ? real
            : Masks.sequenceMask(tape.scope(), tape.scope().ints(real), time); // [B, T]
    return carried().keepWhere(tape.scope().reshape(mask, Shape.of(all.size(0), time, 1)));
  }
}
