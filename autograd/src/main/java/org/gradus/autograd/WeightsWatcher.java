// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Is told by what weights a model mixes what it read: attention over the steps of a history or over pairs of fields,
/// gates over experts. See
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
  /// @param parts names of what is mixed where it is no step; empty when it has none
  /// @param values `[B, …, n]`, n weights along the last axis; `[B, H, n, n]` with names of parts where each part mixes all of
  ///     them, once per head
  /// @param mask `[B, n]`, true where there is something to mix; null when there is everywhere
  record Weights(
      String name, List<String> over, List<String> parts, Tensor values, @Nullable Tensor mask) {
    /// Copies the lists, and checks that there is a name for every weight, or none at all.
    public Weights {
      over = List.copyOf(over);
      parts = List.copyOf(parts);
      if (!parts.isEmpty() && parts.size() != values.shape().size(-1)) {
        throw new IllegalArgumentException(
            name
                + ": weights "
                + values.shape()
                + " of "
                + parts.size()
                + " parts. Expected as many along the last axis.");
      }
    }
  }
}
