// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Device;
import org.gradus.trainer.optim.Penalty.Tables;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The mini-batch aware regularisation of DIN (Zhou et al. 2018): Ω = λ/2 Σ α/n ‖w‖² over the distinct rows of a batch. With a
/// rate of 1, no momentum and no loss, a row moves by its gradient λ α/n w.
class MiniBatchAwarePenaltyTest {
  /// What a few float64 operations on numbers of size one lose.
  private static final double EXACT = 1e-15;

  private static final double[][] W = {{0, 0}, {.2, -.1}, {.3, .3}, {-.4, .5}};

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final TableParameter table = params.table("items", W.length, 2, 0, Initializers.zeros());

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private void reset() {
    for (int id = 0; id < W.length; id++) {
      table.table().write(id, W[id]);
    }
  }

  /// One step in which these rows occur, from W; their gradient of the loss is 0.
  private Optimizer.Step step(double lambda, float[] counts, int... rows) {
    reset();
    Group group = Group.all(Rule.Sgd.PLAIN, 1).with(new Penalty(0, lambda, Tables.DIN));
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group))) {
      optimizer.frequencies("items", counts);
      return step(optimizer, rows);
    }
  }

  private Optimizer.Step step(Optimizer optimizer, int... rows) {
    SortedMap<Integer, double[]> none = new TreeMap<>();
    for (int id : rows) {
      none.put(id, new double[2]);
    }
    try (Tape tape = Tape.recording(device)) {
      return optimizer.step(Given.gradients(tape, Map.of(), Map.of(table, none)), 1);
    }
  }

  /// λ α/n w of a row: what it moved by.
  private double[] gradient(int id) {
    double[] now = new double[2];
    table.table().read(id, now);
    return new double[] {W[id][0] - now[0], W[id][1] - now[1]};
  }

  private void assertGradient(int id, double... expected) {
    double[] found = gradient(id);
    assertThat(found[0]).isCloseTo(expected[0], within(EXACT));
    assertThat(found[1]).isCloseTo(expected[1], within(EXACT));
  }

  /// The specification's example: ids 1, 1, 3 of the counts 4, 2, 1. The gradient of a table holds row 1 once.
  @Test
  void theWorkedExample() {
    double penalty = step(.1, new float[] {0, 4, 2, 1}, 1, 3).penalty();
    assertThat(penalty).isCloseTo(.021125, within(EXACT));
    assertGradient(1, .005, -.0025);
    assertThat(gradient(2)).as("not in the batch").containsExactly(0, 0);
    assertGradient(3, -.04, .05);
    // what a penalty on the whole table would be, in the same words of the example
    assertThat(.1 / 2 * (.05 + .18 + .41)).isCloseTo(.032, within(EXACT));
  }

  /// An id that occurs in n batches of an epoch has λ in all of them together.
  @Test
  void anEpochAddsUpToLambda() {
    float[] counts = {0, 4, 2, 1};
    double[] sum = new double[2];
    for (int batch = 0; batch < 4; batch++) {
      step(.1, counts, 1);
      sum[0] += gradient(1)[0];
      sum[1] += gradient(1)[1];
    }
    assertThat(sum[0]).isCloseTo(.1 * .2, within(4 * EXACT));
    assertThat(sum[1]).isCloseTo(.1 * -.1, within(4 * EXACT));
  }

  @Test
  void twiceTheCountsIsHalfThePenalty() {
    double once = step(.1, new float[] {0, 4, 2, 1}, 1, 2, 3).penalty();
    double half = step(.1, new float[] {0, 8, 4, 2}, 1, 2, 3).penalty();
    assertThat(half).isCloseTo(once / 2, within(EXACT));
  }

  /// Counted batch by batch: a row that is there for the third time has a third. A checkpoint holds the counts.
  @Test
  void countsMayBeThoseOfTheBatchesSoFar() {
    Group group = Group.all(Rule.Sgd.PLAIN, 1).with(new Penalty(0, .1, Tables.DIN_RUNNING));
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group))) {
      int[][] batches = {{1, 3}, {1}, {1, 2}};
      double[][] shares = {{1, 1}, {1 / 2.0}, {1 / 3.0, 1}};
      for (int b = 0; b < batches.length; b++) {
        reset();
        double penalty = step(optimizer, batches[b]).penalty();
        double expected = 0;
        for (int i = 0; i < batches[b].length; i++) {
          double[] w = W[batches[b][i]];
          double lambda = .1 * shares[b][i];
          assertGradient(batches[b][i], lambda * w[0], lambda * w[1]);
          expected += lambda / 2 * (w[0] * w[0] + w[1] * w[1]);
        }
        assertThat(penalty).isCloseTo(expected, within(EXACT));
      }
      assertThat(optimizer.state()).containsOnlyKeys("items@batches");
      assertThat(optimizer.frequencyTables()).isEmpty();
    }
  }

  /// Out of vocabulary, for one: an id that the training rows do not have counts as one that they have once.
  @Test
  void anIdThatWasNeverCountedHasTheWholePenalty() {
    step(.1, new float[] {0, 0, 2, 1}, 1);
    assertGradient(1, .02, -.01);
  }
}
