// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.HashMap;
import java.util.Map;
import org.gradus.tensor.Counter;

/// How a forward pass runs: on which tape, in training or in evaluation, and where its random numbers come from.
public final class Mode {
  private final Tape tape;
  private final boolean training;
  private final boolean updatesStatistics;
  private final long key;
  private final Map<String, Integer> draws;

  private Mode(
      Tape tape,
      boolean training,
      boolean updatesStatistics,
      long key,
      Map<String, Integer> draws) {
    this.tape = tape;
    this.training = training;
    this.updatesStatistics = updatesStatistics;
    this.key = key;
    this.draws = draws;
  }

  /// Training: dropout drops, batch norm uses and updates the batch's statistics.
  ///
  /// @param seed the run's seed
  /// @param step the number of the step, so that each step draws anew
  public static Mode training(Tape tape, long seed, long step) {
    return new Mode(tape, true, true, Counter.key(seed, step), new HashMap<>());
  }

  /// Evaluation: no randomness, moving statistics; a row's score does not depend on its neighbours.
  public static Mode evaluation(Tape tape) {
    return new Mode(tape, false, false, 0, new HashMap<>());
  }

  /// This mode with moving statistics left alone: the forward pass has no effect but its result.
  public Mode withoutSideEffects() {
    return new Mode(tape, training, false, key, draws);
  }

  /// This mode on another tape; the two draw from one sequence.
  Mode on(Tape other) {
    return new Mode(other, training, updatesStatistics, key, draws);
  }

  /// This mode on another tape, drawing once more what was drawn after `drawsSoFar`, without side effects.
  Mode again(Tape other, Map<String, Integer> drawsSoFar) {
    return new Mode(other, training, false, key, new HashMap<>(drawsSoFar));
  }

  Map<String, Integer> drawsSoFar() {
    return new HashMap<>(draws);
  }

  /// Where operations are recorded.
  public Tape tape() {
    return tape;
  }

  /// Whether this is training.
  public boolean training() {
    return training;
  }

  /// Whether moving statistics follow this batch.
  public boolean updatesStatistics() {
    return updatesStatistics;
  }

  /// A key for the random numbers of the layer at a path: a function of seed, step, path, and how often the layer drew in
  /// this pass.
  public long draw(String path) {
    int n = draws.merge(path, 1, Integer::sum);
    return Counter.key(Counter.key(key, path), n);
  }
}
