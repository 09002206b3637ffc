// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;

/// What a gradient check, or a [Watcher], sees of a tape: values and gradients on their way, branches taken, and values behind
/// stop-gradient.
///
/// While a tape is walked back, the insides of checkpoints are computed again and shown again.
interface Probe {
  /// Sees nothing, changes nothing.
  Probe NONE = new Probe() {};

  /// Whether [#value] wants to know of what the host finds between operations.
  default boolean watchesHost() {
    return false;
  }

  /// What an operation computed, before anyone reads it; may be overwritten, unless it shares its memory.
  default void value(String op, Tensor value, Var[] inputs) {}

  /// The operation that reports its value next reads a tensor that is none of its inputs: statistics.
  default void reads(Tensor constant) {}

  /// The operation that reports its value next reads rows of a table.
  default void reads(TableParameter table) {}

  /// A constant that enters the tape. The result lives in `scope` where it is not the constant itself.
  default Tensor constant(Tensor value, Scope scope) {
    return value;
  }

  /// A gradient that operation `op` passes to its input; the check of the checks alters it here. Who returns another
  /// tensor releases the one given.
  default Tensor gradient(String op, int input, Tensor gradient, Scope scope) {
    return gradient;
  }

  /// A row gradient that operation `op` passes to a table, as [#gradient].
  default Gradient.Rows rows(String op, Gradient.Rows gradient, Scope scope) {
    return gradient;
  }

  /// Whether [#branch] wants to know which side of a kink was taken.
  default boolean watchesBranches() {
    return false;
  }

  /// A side of a kink was taken: one number per element, equal on two passes when the same sides were taken.
  default void branch(String op, int[] sides) {}

  /// The value behind a stop-gradient: a check replays the unperturbed one.
  default Tensor stopped(Tensor value, Scope scope) {
    return value;
  }
}
