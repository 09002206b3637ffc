// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.Tensor;

/// The derivative of a loss with respect to one parameter.
public sealed interface Gradient {
  /// Of a dense parameter.
  ///
  /// @param values same shape as the parameter
  record Dense(Tensor values) implements Gradient {}

  /// Of a table: only the rows that were looked up, each once. Never densified.
  ///
  /// @param rows `[capacity]` row ids, rising; the first `count` are defined
  /// @param values `[capacity, D]`, row by row
  /// @param count number of distinct rows
  record Rows(Tensor rows, Tensor values, int count) implements Gradient {}
}
