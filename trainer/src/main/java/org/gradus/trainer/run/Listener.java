// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.run;

import java.util.Map;

/// Is told what happens in a run, and may end it.
public interface Listener {
  /// Wants to know nothing.
  Listener SILENT = new Listener() {};

  /// Something worth a line: what was loaded, where a checkpoint was written.
  default void note(String line) {}

  /// An epoch begins or goes on.
  ///
  /// @param epoch from 1
  /// @param epochs at most
  /// @param steps of this epoch
  /// @param done of those, before a resume
  default void epochStarted(int epoch, int epochs, long steps, long done) {}

  /// A step is over.
  ///
  /// @param step from 1, over all epochs
  /// @param rows in its batch
  /// @param parts of the loss, before their factors; `loss` is what was minimised, `penalty` included
  default void stepDone(long step, int rows, Map<String, Double> parts) {}

  /// An epoch is over and measured.
  default void epochDone(EpochReport report) {}

  /// Whether to write a checkpoint after this step and end.
  default boolean stopRequested() {
    return false;
  }

  /// What an epoch brought.
  ///
  /// @param epoch from 1
  /// @param step at its end
  /// @param losses means over the rows of the epoch
  /// @param valid metrics of the validation rows
  /// @param best whether early stopping found it the best so far
  /// @param seconds of training since the run began, measuring left out
  record EpochReport(
      int epoch,
      long step,
      Map<String, Double> losses,
      Evaluation valid,
      boolean best,
      double seconds) {}
}
