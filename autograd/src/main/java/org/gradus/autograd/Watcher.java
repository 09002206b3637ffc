// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.List;
import org.gradus.tensor.Tensor;

/// Sees a forward pass while it happens, operation by operation: see [Tape#watched].
@FunctionalInterface
public interface Watcher {
  /// Called when an operation has computed its result, from inside the call that asked for it.
  void operation(Operation operation);

  /// One operation.
  ///
  /// @param name as in the messages of that operation; `constant` for values that enter from the host
  /// @param output the result
  /// @param operands what it read, in the order of its arguments: results of others, constants, and values of dense parameters
  /// @param tables those it read rows of, each once
  record Operation(String name, Tensor output, List<Tensor> operands, List<TableParameter> tables) {
    /// Copies the lists.
    public Operation {
      operands = List.copyOf(operands);
      tables = List.copyOf(tables);
    }
  }
}
