// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.optim.Penalty.Tables;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every rule with every penalty and every way for absent rows, clipped and not, against [Oracle]: several steps over
/// a weight, a bias and a table with a padding row, each step holding other rows.
class OptimizerTest {
  private static final double RATE = 0.1;
  private static final int ROWS = 7;
  private static final int WIDTH = 3;
  private static final int STEPS = 6;
  private static final float[] FREQUENCIES = {0, 4, 1, 9, 2, 0, 5};

  record Case(Rule rule, Penalty penalty, AbsentRows absent, double clip) {}

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    List<Rule> rules =
        List.of(
            Rule.Sgd.PLAIN,
            new Rule.Sgd(0.9, false),
            new Rule.Sgd(0.8, true),
            new Rule.Adagrad(1e-8, 0.1),
            new Rule.RowWiseAdagrad(1e-6, 0),
            new Rule.Adam(0.8, 0.95, 1e-3),
            new Rule.Ftrl(1, 0.3, 0.2),
            new Rule.Proximal(0.4, 0.9));
    List<Penalty> penalties =
        List.of(
            Penalty.NONE,
            new Penalty(0.05, 0.2, Tables.ROWS),
            new Penalty(0, 0.2, Tables.ALL),
            new Penalty(0, 0.2, Tables.DIN),
            new Penalty(0, 0.1, Tables.ROWS, 0.3),
            new Penalty(0.05, 0.3, Tables.ROWS, 0.0),
            new Penalty(0, 0.3, Tables.ALL, 0.1),
            new Penalty(0, 0, Tables.DIN, 0.2));
    for (Rule rule : rules) {
      for (Penalty penalty : penalties) {
        for (AbsentRows absent : AbsentRows.values()) {
          cases.add(new Case(rule, penalty, absent, 0));
          cases.add(new Case(rule, penalty, absent, 0.7));
        }
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsPlainLoops(Case c) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 7)) {
      DenseParameter weight = params.weight("weight", Shape.of(2, 2), Initializers.uniform(1));
      DenseParameter bias =
          params.dense(
              "bias",
              Shape.of(2),
              org.gradus.autograd.Parameter.Role.BIAS,
              Initializers.uniform(1));
      TableParameter table = params.table("table", ROWS, WIDTH, 0, Initializers.uniform(1));
      double[] rowsAtStart = new double[ROWS * WIDTH];
      table.table().read(0, rowsAtStart);
      Oracle weightOracle = new Oracle(weight.value().toDoubles(), 0, 2, c.rule(), RATE);
      Oracle biasOracle = new Oracle(bias.value().toDoubles(), 0, 0, c.rule(), RATE);
      Oracle tableOracle = new Oracle(rowsAtStart, WIDTH, WIDTH, c.rule(), RATE);
      Group group = Group.all(c.rule(), RATE).with(c.penalty()).with(c.absent());
      OptimizerConfig config = OptimizerConfig.of(group).clippedTo(c.clip());
      boolean clippedOnce = false;
      try (Optimizer optimizer = new Optimizer(params, config)) {
        optimizer.frequencies("table", FREQUENCIES);
        for (int t = 1; t <= STEPS; t++) {
          double[] gw = normal(t, "weight", 4);
          double[] gb = normal(t, "bias", 2);
          SortedMap<Integer, double[]> rows = new TreeMap<>();
          for (int row = 1; row < ROWS; row++) {
            if (Counter.uniform(t, row) < 0.4) {
              rows.put(row, normal(t, "row" + row, WIDTH));
            }
          }
          Expected e =
              expected(c, weightOracle.w, tableOracle.w, new Given3(gw.clone(), gb.clone(), rows));
          Optimizer.Step step;
          try (Tape tape = Tape.recording(device)) {
            step =
                optimizer.step(
                    Given.gradients(tape, Map.of(weight, gw, bias, gb), Map.of(table, rows)), t);
          }
          assertThat(step.penalty()).isCloseTo(e.penalty, within(1e-13));
          if (c.clip() > 0) {
            assertThat(step.gradientNorm()).isCloseTo(e.norm, within(1e-13));
            clippedOnce |= e.norm > c.clip();
          }
          weightOracle.step(e.weight, all(4), RATE, t);
          biasOracle.step(e.bias, all(2), RATE, t);
          tableOracle.step(e.table, e.moves, RATE, t);
          double[] found = new double[ROWS * WIDTH];
          table.table().read(0, found);
          // float64 on both sides, some hundred operations on numbers near 1: 100 · 2⁻⁵³ is 1e-14
          assertThat(weight.value().toDoubles()).containsExactly(weightOracle.w, within(1e-13));
          assertThat(bias.value().toDoubles()).containsExactly(biasOracle.w, within(1e-13));
          assertThat(found).as("step %d", t).containsExactly(tableOracle.w, within(1e-13));
          assertThat(Arrays.copyOf(found, WIDTH)).containsOnly(0);
        }
      }
      assertThat(clippedOnce).isEqualTo(c.clip() > 0);
    }
  }

  private record Given3(double[] weight, double[] bias, SortedMap<Integer, double[]> rows) {}

  private record Expected(
      double[] weight,
      double[] bias,
      double[] table,
      boolean[] moves,
      double penalty,
      double norm) {}

  /// Gradients with penalties, which rows move, the penalty's value, and the norm, from the definitions.
  private static Expected expected(Case c, double[] w, double[] rows, Given3 given) {
    Penalty p = c.penalty();
    double penalty = 0;
    double[] gw = given.weight;
    for (int i = 0; i < gw.length; i++) {
      gw[i] += p.l2() * w[i] + p.l1() * Math.signum(w[i]);
      penalty += 0.5 * p.l2() * w[i] * w[i] + p.l1() * Math.abs(w[i]);
    }
    double l2OfTables = p.tableL2() == null ? p.l2() : p.tableL2();
    double[] g = new double[ROWS * WIDTH];
    boolean[] moves = new boolean[ROWS * WIDTH];
    for (int row = 1; row < ROWS; row++) {
      double[] given1 = given.rows.get(row);
      boolean present = given1 != null;
      double l2 =
          switch (p.tables()) {
            case ROWS -> present ? l2OfTables : 0;
            case ALL -> l2OfTables;
            case DIN -> present ? l2OfTables / Math.max(1, FREQUENCIES[row]) : 0;
            case DIN_RUNNING -> throw new AssertionError("has a test of its own");
          };
      double l1 = present ? p.l1() : 0;
      // a rule that zero gradients leave at rest is the same under both ways
      boolean everyRow = l2 > 0 || (c.absent() == AbsentRows.DENSE_EQUIVALENT && stirs(c.rule()));
      for (int d = 0; d < WIDTH; d++) {
        int i = row * WIDTH + d;
        g[i] = (given1 == null ? 0 : given1[d]) + l2 * rows[i] + l1 * Math.signum(rows[i]);
        moves[i] = present || everyRow;
        penalty += 0.5 * l2 * rows[i] * rows[i] + l1 * Math.abs(rows[i]);
      }
    }
    double squares = 0;
    for (double[] part : List.of(gw, given.bias, g)) {
      for (double x : part) {
        squares += x * x;
      }
    }
    double norm = Math.sqrt(squares);
    if (c.clip() > 0 && norm > c.clip()) {
      for (double[] part : List.of(gw, given.bias, g)) {
        for (int i = 0; i < part.length; i++) {
          part[i] *= c.clip() / norm;
        }
      }
    }
    return new Expected(gw, given.bias, g, moves, penalty, norm);
  }

  private static boolean stirs(Rule rule) {
    return rule instanceof Rule.Adam
        || rule instanceof Rule.Proximal
        || (rule instanceof Rule.Sgd sgd && sgd.momentum() > 0);
  }

  private static boolean[] all(int n) {
    boolean[] yes = new boolean[n];
    Arrays.fill(yes, true);
    return yes;
  }

  private static double[] normal(long step, String name, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = 2 * Counter.uniform53(Counter.key(step, name), i) - 1;
    }
    return values;
  }
}
