// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

/// What happens to the rows of a table that a batch did not look up.
public enum AbsentRows {
  /// nothing: neither weights nor moments change
  LAZY,
  /// as if every row had a gradient, zero included: the rule as its paper states it, in time proportional to the table
  DENSE_EQUIVALENT
}
