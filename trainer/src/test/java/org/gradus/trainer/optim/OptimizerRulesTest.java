// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.optim.Penalty.Tables;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Which parameters are trained by what, and what is refused.
class OptimizerRulesTest {
  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 3);
  private final DenseParameter deep =
      params.at("deep").weight("kernel", Shape.of(2), Initializers.constant(1));
  private final TableParameter wide =
      params.at("wide").table("items", 10, 1, 0, Initializers.zeros());

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private Optimizer.Step step(Optimizer optimizer, int t, double deepGradient, double... rows) {
    SortedMap<Integer, double[]> g = new TreeMap<>();
    for (int i = 0; i < rows.length; i++) {
      g.put(i + 1, new double[] {rows[i]});
    }
    try (Tape tape = Tape.recording(device)) {
      double[] both = {deepGradient, deepGradient};
      return optimizer.step(Given.gradients(tape, Map.of(deep, both), Map.of(wide, g)), t);
    }
  }

  private double row(int id) {
    double[] value = new double[1];
    wide.table().read(id, value);
    return value[0];
  }

  /// McMahan et al. 2013 by hand, α = 0.5, β = 1, λ₁ = 1, λ₂ = 0: g = 3 and then g = 4.
  @Test
  void ftrlByHand() {
    Group ftrl = Group.all(new Rule.Ftrl(1, 1, 0), 0.5);
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(ftrl))) {
      step(optimizer, 1, 0, 3, 0.5);
      // z = 3, n = 9: w = −(3 − 1) / ((1 + 3)/0.5) = −0.25;  |z| = 0.5 ≤ λ₁ leaves exactly 0
      assertThat(row(1)).isEqualTo(-0.25);
      assertThat(row(2)).isZero();
      step(optimizer, 2, 0, 4);
      // σ = (5 − 3)/0.5 = 4, z = 3 + 4 + 4 · 0.25 = 8, n = 25: w = −7 / 12
      assertThat(row(1)).isCloseTo(-7.0 / 12, within(1e-15));
    }
  }

  /// Until its schedule begins a parameter is left alone, penalty and moments too; from there on it is trained as if nothing had been.
  @Test
  void whatBeginsLateBeginsAfresh() {
    double[] first = deep.value().toDoubles();
    Group late =
        Group.all(new Rule.Adam(0.5, 0.75, 1e-12), 0.1)
            .with(new Penalty(0.1, 0.2, Tables.ROWS))
            .with(new Schedule.Late(3, 0));
    double[] g = {4, -1, 2, 1, -3, 0.5};
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(late))) {
      for (int t = 1; t <= 3; t++) {
        assertThat(step(optimizer, t, g[t - 1], g[t - 1]).penalty()).isZero();
      }
      assertThat(deep.value().toDoubles()).containsExactly(first);
      assertThat(row(1)).isZero();
      for (int t = 4; t <= 6; t++) {
        assertThat(step(optimizer, t, g[t - 1], g[t - 1]).penalty()).isPositive();
      }
    }
    double[] found = deep.value().toDoubles();
    double ofRow = row(1);
    assertThat(found).isNotEqualTo(first);
    deep.write(first);
    wide.table().write(0, new double[10]);
    Group prompt = late.with(new Schedule.Constant());
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(prompt))) {
      for (int t = 1; t <= 3; t++) {
        step(optimizer, t, g[t + 2], g[t + 2]);
      }
    }
    assertThat(deep.value().toDoubles()).containsExactly(found);
    assertThat(row(1)).isEqualTo(ofRow).isNotZero();
  }

  /// g = 1, 1, −2 at η = 0.1, by the paper's algorithm with β₁ = ½, β₂ = ¾.
  @Test
  void adamByHand() {
    Group adam = Group.all(new Rule.Adam(0.5, 0.75, 1e-12), 0.1);
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(adam))) {
      step(optimizer, 1, 0, 1);
      assertThat(row(1)).isCloseTo(-0.1, within(1e-12)); // m̂ = 1, v̂ = 1
      step(optimizer, 2, 0, 1);
      assertThat(row(1)).isCloseTo(-0.2, within(1e-12)); // m̂ = v̂ = 1 again
      step(optimizer, 3, 0, -2);
      // m = 0.375 − 1 = −0.625, m̂ = −0.625/0.875; v = 0.328125 + 1 = 1.328125, v̂ =
      // 1.328125/0.578125
      double move = 0.1 * (0.625 / 0.875) / Math.sqrt(1.328125 / 0.578125);
      assertThat(row(1)).isCloseTo(-0.2 + move, within(1e-12));
    }
  }

  @Test
  void groupsAreChosenByPathAndTheFirstWins() {
    Group ftrl = Group.all(new Rule.Ftrl(1, 0, 0), 0.5).on("wide.*");
    Group sgd = Group.all(Rule.Sgd.PLAIN, 0.1);
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(ftrl, sgd))) {
      Optimizer.Step done = step(optimizer, 1, 2, 3);
      assertThat(done.rates()).containsExactly(Map.entry("wide.*", 0.5), Map.entry("*", 0.1));
      assertThat(row(1)).isCloseTo(-3 / 8.0, within(1e-15)); // z = 3, (1 + 3)/0.5
      assertThat(deep.value().toDoubles()).containsExactly(new double[] {0.8, 0.8}, within(1e-15));
      assertThat(optimizer.state()).containsOnlyKeys("wide/items@squares", "wide/items@z");
      assertThat(optimizer.groupOf(wide)).isEqualTo(ftrl);
    }
  }

  @Test
  void frozenParametersAndTheirMomentsStayAsTheyAre() {
    Group adam = Group.all(Rule.Adam.PAPER, 0.1).with(Penalty.l2(0.5));
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(adam).clippedTo(100))) {
      step(optimizer, 1, 1, 1);
      double[] before = deep.value().toDoubles();
      params.freeze("deep.*");
      double penalty = step(optimizer, 2, 1, 1).penalty();
      assertThat(deep.value().toDoubles()).isEqualTo(before);
      assertThat(penalty).isCloseTo(0.25 * 0.1 * 0.1, within(1e-8)); // row 1 alone, near −0.1
      deep.freeze(false);
      step(optimizer, 3, 1, 1);
    }
    // as if step 2 had not happened to it: m̂ from m = 0.9 · 0.1·g₁ + 0.1·g₃
    double g1 = 1.5;
    double w = 1 - 0.1 * g1 / (g1 + 1e-8);
    double g3 = 1 + 0.5 * w;
    double mean = (0.09 * g1 + 0.1 * g3) / (1 - 0.9 * 0.9 * 0.9);
    double variance = (0.001 * 0.999 * g1 * g1 + 0.001 * g3 * g3) / (1 - 0.999 * 0.999 * 0.999);
    w -= 0.1 * mean / (Math.sqrt(variance) + 1e-8);
    assertThat(deep.value().toDoubles()[0]).isCloseTo(w, within(1e-12));
  }

  @Test
  void aParameterFrozenFromTheStartHasNoMoments() {
    params.freeze("deep.*");
    try (Optimizer optimizer =
        new Optimizer(params, OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 0.1)))) {
      step(optimizer, 1, 1, 1);
      assertThat(optimizer.state()).containsOnlyKeys("wide/items@mean", "wide/items@variance");
      assertThat(optimizer.groupOf(deep)).isNull();
    }
  }

  @Test
  void largeTablesAreNotTrainedAsDense() {
    OptimizerConfig adam = OptimizerConfig.of(Group.all(Rule.Adam.PAPER, 0.1)).withMaxDenseRows(9);
    assertThatThrownBy(() -> new Optimizer(params, adam))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("wide/items [10, 1]")
        .hasMessageContaining("trainer.maxDenseRows = 9")
        .hasMessageContaining("absentRows LAZY");
    Group all = Group.all(Rule.Adagrad.DLRM, 0.1).with(new Penalty(0, 1, Tables.ALL));
    assertThatThrownBy(() -> new Optimizer(params, OptimizerConfig.of(all).withMaxDenseRows(9)))
        .hasMessageContaining("l2 over ALL rows")
        .hasMessageContaining("ROWS");
    Group lazy = Group.all(Rule.Adam.PAPER, 0.1).with(AbsentRows.LAZY);
    new Optimizer(params, OptimizerConfig.of(lazy).withMaxDenseRows(9)).close();
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Group sgd = Group.all(Rule.Sgd.PLAIN, 0.1);
    assertThatThrownBy(() -> new Optimizer(params, OptimizerConfig.of(sgd.on("tower.*"))))
        .hasMessageContaining("tower.* matches no parameter")
        .hasMessageContaining("deep/kernel, wide/items");
    assertThatThrownBy(() -> new Optimizer(params, OptimizerConfig.of(sgd.on("wide.*"))))
        .hasMessageContaining("no group trains deep/kernel");
    assertThatThrownBy(() -> Group.all(Rule.Ftrl.PAPER, 0.1).with(new Schedule.StepDecay(10, 0.5)))
        .hasMessageContaining("Expected a constant rate");
    Group din = sgd.with(new Penalty(0, 1, Tables.DIN));
    try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(din))) {
      assertThat(optimizer.frequencyTables()).containsExactly(wide);
      assertThatThrownBy(() -> step(optimizer, 1, 1, 1))
          .hasMessageContaining("DIN on table wide/items without frequencies");
    }
    Group l1 = sgd.with(new Penalty(1, 0, Tables.ALL));
    assertThatThrownBy(() -> new Optimizer(params, OptimizerConfig.of(l1)))
        .hasMessageContaining("l1 on table wide/items with ALL. Expected ROWS");
    assertThatThrownBy(() -> Group.all(Rule.Sgd.PLAIN, 0)).hasMessageContaining("rate 0.0");
  }

  @Test
  void clippingNamesTheFirstNonFiniteGradient() {
    OptimizerConfig clipped = OptimizerConfig.of(Group.all(Rule.Sgd.PLAIN, 0.1)).clippedTo(1);
    try (Optimizer optimizer = new Optimizer(params, clipped)) {
      assertThatThrownBy(() -> step(optimizer, 1, 1, 1, Double.NaN))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("at place 1 of the gradient of wide/items [10, 1]");
      assertThat(deep.value().toDoubles()).containsExactly(1, 1); // nothing moved
    }
  }

  @Test
  void defaultsAreThoseOfThePapers() {
    // Kingma, Ba 2015, algorithm 1: "Good default settings … β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸"
    assertThat(Rule.Adam.PAPER).isEqualTo(new Rule.Adam(0.9, 0.999, 1e-8));
    assertThat(Rule.Adagrad.DLRM).isEqualTo(new Rule.Adagrad(1e-8, 0));
    // McMahan et al. 2013, section 3.1: "β = 1 is usually good enough"
    assertThat(Rule.Ftrl.PAPER.beta()).isEqualTo(1);
    assertThat(Rule.Adam.PAPER.absentRows()).isEqualTo(AbsentRows.DENSE_EQUIVALENT);
    assertThat(Rule.Sgd.PLAIN.absentRows()).isEqualTo(AbsentRows.LAZY);
    assertThat(Rule.Adagrad.DLRM.absentRows()).isEqualTo(AbsentRows.LAZY);
    assertThat(Rule.Ftrl.PAPER.absentRows()).isEqualTo(AbsentRows.LAZY);
  }
}
