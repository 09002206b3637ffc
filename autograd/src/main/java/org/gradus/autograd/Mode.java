// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// How a forward pass runs: on which tape, in training or in evaluation, and where its random numbers come from.
public final class Mode {
  private final Tape tape;
  private final boolean training;
  private final boolean updatesStatistics;
  private final Randomness random;
  private final @Nullable WeightsWatcher watcher;

  /// @param key of seed and step
  /// @param draws how often each path drew so far
  private record Randomness(long key, Map<String, Integer> draws) {}

  private Mode(
      Tape tape,
      boolean training,
      boolean updatesStatistics,
      Randomness random,
      @Nullable WeightsWatcher watcher) {
    this.tape = tape;
    this.training = training;
    this.updatesStatistics = updatesStatistics;
    this.random = random;
    this.watcher = watcher;
  }

  /// Training: dropout drops, batch norm uses and updates the batch's statistics.
  ///
  /// @param seed the run's seed
  /// @param step the number of the step, so that each step draws anew
  public static Mode training(Tape tape, long seed, long step) {
    Randomness random = new Randomness(Counter.key(seed, step), new HashMap<>());
    return new Mode(tape, true, true, random, null);
  }

  /// Evaluation: no randomness, moving statistics; a row's score does not depend on its neighbours.
  public static Mode evaluation(Tape tape) {
    return new Mode(tape, false, false, new Randomness(0, new HashMap<>()), null);
  }

  /// This mode with moving statistics left alone: the forward pass has no effect but its result.
  public Mode withoutSideEffects() {
    return new Mode(tape, training, false, random, watcher);
  }

  /// This mode with someone who is told of every [#watch].
  public Mode watching(WeightsWatcher other) {
    return new Mode(tape, training, updatesStatistics, random, other);
  }

  /// This mode on another tape; the two draw from one sequence.
  Mode on(Tape other) {
    return new Mode(other, training, updatesStatistics, random, watcher);
  }

  /// This mode on another tape, drawing once more what was drawn after `drawsSoFar`, without side effects.
  Mode again(Tape other, Map<String, Integer> drawsSoFar) {
    Randomness repeated = new Randomness(random.key, new HashMap<>(drawsSoFar));
    return new Mode(other, training, false, repeated, null); // seen the first time
  }

  Map<String, Integer> drawsSoFar() {
    return new HashMap<>(random.draws);
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
    int n = random.draws.merge(path, 1, Integer::sum);
    return Counter.key(Counter.key(random.key, path), n);
  }

  /// Whether someone watches: for weights that have to be made for [#watch] alone.
  public boolean watched() {
    return watcher != null;
  }

  /// Tells whoever watches by what weights something is mixed; costs nothing when nobody does.
  ///
  /// @param name path of what made them: made once, not in every pass
  /// @param over sequences of the batch whose real steps, in order, are mixed, or fields of sessions whose real sessions are, or
  ///     none
  /// @param weights `[B, …, n]`
  /// @param mask `[B, n]`, true where there is something to mix; null when there is everywhere
  public void watch(String name, List<String> over, Var weights, @Nullable Tensor mask) {
    if (watcher != null) {
      watcher.mixed(new WeightsWatcher.Weights(name, over, List.of(), weights.value(), mask));
    }
  }

  /// As [#watch], of parts that are no steps of a sequence.
  ///
  /// @param parts what is mixed, n names: made once, not in every pass
  /// @param weights `[B, n]`, or `[B, H, n, n]` where each part mixes all of them, once per head
  public void watchParts(String name, List<String> parts, Var weights, @Nullable Tensor mask) {
    if (watcher != null) {
      watcher.mixed(new WeightsWatcher.Weights(name, List.of(), parts, weights.value(), mask));
    }
  }
}
