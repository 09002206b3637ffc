// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchNormTest {
  private static final Shape BATCH = Shape.of(3, 2);
  private static final double[] X = {-.2, -.2, .1, .3, .4, -.1};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// Scale and shift of an example worked by hand.
  private BatchNorm worked() {
    BatchNorm norm = new BatchNorm(2, bench.params);
    bench.set("scale", 1.5, 1);
    bench.set("shift", .1, 0);
    return norm;
  }

  @Test
  void workedExampleInBothModes() {
    BatchNorm norm = worked();
    Var x = bench.variable(BATCH, X);
    assertClose(
        numbers(norm.forward(x, bench.training)),
        new double[] {-1.736964, -.925721, .1, 1.388581, 1.936964, -.462860},
        SIX_DECIMALS);
    assertClose(bench.get("mean"), new double[] {.01, 0}, SIX_DECIMALS);
    assertClose(bench.get("variance"), new double[] {.909, .907}, SIX_DECIMALS);
    Var first = bench.variable(Shape.of(1, 2), -.2, -.2);
    assertClose(
        numbers(norm.forward(first, bench.evaluation)),
        new double[] {-.230389, -.210002},
        SIX_DECIMALS);
  }

  @Test
  void evaluationDoesNotMoveTheStatistics() {
    BatchNorm norm = worked();
    norm.forward(bench.variable(BATCH, X), bench.evaluation);
    norm.forward(bench.variable(BATCH, X), bench.training.withoutSideEffects());
    assertThat(bench.get("mean")).containsExactly(0, 0);
    assertThat(bench.get("variance")).containsExactly(1, 1);
  }

  /// Every step moves them by ρ of the way, so after t steps (1 − ρ)^t of the start is left.
  @Test
  void statisticsFollowWithTheirMomentum() {
    BatchNorm norm = new BatchNorm(2, .25, 1e-5, bench.params);
    double[] mean = {0, 0};
    double[] variance = {1, 1};
    for (int step = 0; step < 4; step++) {
      double[] x = normal(step, 6);
      norm.forward(bench.variable(BATCH, x), bench.training);
      for (int c = 0; c < 2; c++) {
        double m = (x[c] + x[2 + c] + x[4 + c]) / 3;
        double squares = 0;
        for (int b = 0; b < 3; b++) {
          squares += (x[2 * b + c] - m) * (x[2 * b + c] - m);
        }
        mean[c] = .75 * mean[c] + .25 * m;
        variance[c] = .75 * variance[c] + .25 * squares / 2; // unbiased: B − 1
      }
    }
    assertClose(bench.get("mean"), mean, EXACT);
    assertClose(bench.get("variance"), variance, EXACT);
  }

  @Test
  void inTrainingOneRowIsAnError() {
    BatchNorm norm = new BatchNorm(2, bench.params.at("norm"));
    Var one = bench.variable(Shape.of(1, 2), 1, 2);
    assertThatThrownBy(() -> norm.forward(one, bench.training))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("norm/mean: batch norm over 1 rows of [1, 2] in training")
        .hasMessageContaining("Expected at least 2");
    Tensor mask = bench.tape.scope().upload(Shape.of(3), false, true, false);
    Var three = bench.variable(BATCH, X);
    assertThatThrownBy(() -> norm.forward(three, mask, bench.training))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("batch norm over 1 rows");
  }

  @Test
  void impossibleSettingsAreErrors() {
    assertThatThrownBy(() -> new BatchNorm(2, 1.5, 1e-5, bench.params))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("momentum 1.5");
    assertThatThrownBy(() -> new BatchNorm(2, .1, 0, bench.params))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("epsilon 0.0");
  }

  @Test
  void inEvaluationARowDoesNotDependOnItsNeighbours() {
    BatchNorm norm = worked();
    norm.forward(bench.variable(BATCH, X), bench.training);
    double[] all = numbers(norm.forward(bench.variable(BATCH, X), bench.evaluation));
    for (int b = 0; b < 3; b++) {
      Var row = bench.variable(Shape.of(1, 2), Bench.row(X, b, 2));
      assertThat(numbers(norm.forward(row, bench.evaluation))).isEqualTo(Bench.row(all, b, 2));
    }
  }

  /// Masked rows are as good as not there: result and statistics are those of the other rows, and their own result is 0.
  @Test
  void maskedRowsAreAsGoodAsNotThere() {
    BatchNorm norm = worked();
    double[] x = {-.2, -.2, 7, -9, .1, .3, 3, 3, .4, -.1};
    Tensor mask = bench.tape.scope().upload(Shape.of(5), true, false, true, false, true);
    double[] y = numbers(norm.forward(bench.variable(Shape.of(5, 2), x), mask, bench.training));
    assertClose(
        y,
        new double[] {-1.736964, -.925721, 0, 0, .1, 1.388581, 0, 0, 1.936964, -.462860},
        SIX_DECIMALS);
    assertClose(bench.get("variance"), new double[] {.909, .907}, SIX_DECIMALS);
    y = numbers(norm.forward(bench.variable(Shape.of(5, 2), x), mask, bench.evaluation));
    assertClose(Bench.row(y, 0, 2), new double[] {-.230389, -.210002}, SIX_DECIMALS);
    assertThat(Bench.row(y, 1, 2)).containsOnly(0);
  }

  /// Columns of a tensor of more axes are those of its rows written one under the other.
  @Test
  void axesBeforeTheLastAreRows() {
    double[] x = normal(1, 12);
    BatchNorm flat = new BatchNorm(2, bench.params.at("flat"));
    BatchNorm deep = new BatchNorm(2, bench.params.at("deep"));
    double[] expected = numbers(flat.forward(bench.variable(Shape.of(6, 2), x), bench.training));
    Var y = deep.forward(bench.variable(Shape.of(2, 3, 2), x), bench.training);
    assertThat(y.shape()).isEqualTo(Shape.of(2, 3, 2));
    assertThat(numbers(y)).isEqualTo(expected);
    assertThat(bench.get("deep/variance")).isEqualTo(bench.get("flat/variance"));
  }

  private static final Objective.Builder LAYER =
      params -> {
        BatchNorm norm = new BatchNorm(3, params);
        return (mode, in) -> Map.of("y", norm.forward(in.get("x"), mode));
      };

  private static final Objective.Builder MASKED =
      params -> {
        BatchNorm norm = new BatchNorm(2, params);
        return (mode, in) -> {
          Tensor mask = mode.tape().scope().upload(Shape.of(5), true, true, false, true, true);
          return Map.of("y", norm.forward(in.get("x"), mask, mode));
        };
      };

  @Test
  void gradientsAreRightAndMutantsFail() {
    GradCheck check = GradCheck.of(0).input("x", Shape.of(5, 3));
    Bench.verify(check, LAYER);
    Bench.verify(GradCheck.of(0).input("x", Shape.of(1, 3)).evaluation(), LAYER);
    Bench.verify(GradCheck.of(0).input("x", Shape.of(5, 2)), MASKED);
    Bench.verify(GradCheck.of(0).input("x", Shape.of(5, 2)).evaluation(), MASKED);
  }
}
