// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Scope;
import org.gradus.tensor.Tensor;

/// What a gradient check sees of a tape: gradients on their way, branches taken, and values behind stop-gradient.
interface Probe {
  /// Sees nothing, changes nothing.
  Probe NONE = new Probe() {};

  /// A gradient that operation `op` passes to its input (−1 for a table); the check of the checks alters it here.
  default Tensor gradient(String op, int input, Tensor gradient, Scope scope) {
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
