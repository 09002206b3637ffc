// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import java.util.Locale;

/// The parts of a training step. They follow each other without a gap, so that they add up to the step.
public enum Phase {
  /// until the next batch is there
  DATA_WAIT,
  /// rows of tables, gathered and pooled
  LOOKUP,
  /// the rest of the forward pass, the loss included
  FORWARD,
  /// the walk backward
  BACKWARD,
  /// the update of the parameters
  OPTIMISER,
  /// closing the tape: what the step made goes back to the pool
  RELEASE;

  /// The word in tables and in JSON.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
