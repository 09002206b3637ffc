// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Is told by what weights a model mixes what it read: attention over the steps of a history, gates over experts. See
/// [Mode#watching].
@FunctionalInterface
public interface WeightsWatcher {
  /// Called from inside the forward pass, whose tensors die with its tape.
  void mixed(Weights weights);

  /// The weights of one mixture.
  ///
  /// @param name path of what made them, `attention/viewed`
  /// @param over sequences of the batch whose real steps, in order, are mixed, or fields of sessions whose real sessions are;
  ///     empty when what is mixed has no field of its own
  /// @param values `[B, …, n]`, n weights along the last axis
  /// @param mask `[B, n]`, true where there is something to mix; null when there is everywhere
  record Weights(String name, List<String> over, Tensor values, @Nullable Tensor mask) {
    /// Copies the list.
    public Weights {
      over = List.copyOf(over);
    }
  }
}
