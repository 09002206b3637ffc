// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.Map;

/// What a gradient check differentiates: an operation, a layer or a whole model, as a function of parameters and inputs.
@FunctionalInterface
public interface Objective {
  /// One forward pass on the mode's tape.
  ///
  /// It must be a function of parameters and inputs alone: two passes at one point give the same bits.
  ///
  /// @param mode tape, training or evaluation, without side effects
  /// @param inputs the check's differentiable inputs
  /// @return outputs by name. One of shape `[]` is a loss and counts as it is; any other is weighed by random numbers,
  ///     element by element
  Map<String, Var> evaluate(Mode mode, Inputs inputs);

  /// An objective with parameters of its own, so that the same one can be built on several devices.
  @FunctionalInterface
  interface Builder {
    /// Asks `params` for parameters; data are made on `params.device()` or inside the pass.
    Objective build(Params params);
  }
}
