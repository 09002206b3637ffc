// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Losses that are inner products with given vectors: L_t = c_t + g_t · w + own_t, of which the gradients are known.
class BalanceTest {
  private static final Offset<Double> SIX = within(1e-6); // the specification prints six decimals
  private static final Offset<Double> EXACT = within(1e-12);

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);
  private final DenseParameter w = params.weight("w", Shape.of(2), Initializers.zeros());
  private final DenseParameter v = params.weight("v", Shape.of(2), Initializers.zeros());
  private final List<DenseParameter> own = new ArrayList<>();

  @BeforeEach
  void makeOwn() {
    for (String task : List.of("a", "b", "c")) {
      own.add(params.at("own").weight(task, Shape.of(1), Initializers.zeros()));
    }
  }

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  /// @param value of the loss where the parameters are
  /// @param w its gradient with respect to w
  /// @param v with respect to v
  private record Task(double value, double[] w, double[] v) {
    static Task of(double value, double... w) {
      return new Task(value, w, new double[2]);
    }
  }

  private Objective.Loss losses(Tape tape, @Nullable Task other, Task... tasks) {
    Map<String, Var> terms = new LinkedHashMap<>();
    for (int t = 0; t < tasks.length; t++) {
      String name = List.of("a", "b", "c").get(t);
      terms.put(name, loss(tape, tasks[t]).add(tape.use(own.get(t)).sum()));
    }
    List<Var> others = other == null ? List.of() : List.of(loss(tape, other));
    List<Var> all = new ArrayList<>(terms.values());
    all.addAll(others);
    return new Objective.Loss(all.stream().reduce(Var::add).orElseThrow(), terms, terms, others);
  }

  private Var loss(Tape tape, Task task) {
    Var g = tape.constant(Shape.of(2), task.w);
    Var h = tape.constant(Shape.of(2), task.v);
    return g.multiply(tape.use(w)).sum().add(h.multiply(tape.use(v)).sum()).add(task.value);
  }

  private Balancing balancing(Balance balance, int tasks) {
    List<String> names = List.of("a", "b", "c").subList(0, tasks);
    return Balancing.of(balance, new Balancing.Training(names, params, List.of("w"), 7));
  }

  /// A step, and the gradients that it takes.
  private record Taken(Balancing.Step step, double[] w, double[] v, double[] own) {}

  private Taken step(Balancing balancing, @Nullable Task other, Task... tasks) {
    try (Tape tape = Tape.recording(device)) {
      Balancing.Step step =
          balancing.step(tape, losses(tape, other, tasks), new Balancing.Now(1, 0));
      double[] privately = new double[tasks.length];
      for (int t = 0; t < tasks.length; t++) {
        privately[t] = values(step.gradients(), own.get(t))[0];
      }
      return new Taken(step, values(step.gradients(), w), values(step.gradients(), v), privately);
    }
  }

  private static double[] values(Gradients gradients, DenseParameter p) {
    return gradients.of(p) instanceof Gradient.Dense(var g)
        ? g.toDoubles()
        : new double[p.shape().elements()];
  }

  // Fixed weights

  @Test
  void theSumIsTheSum() {
    Taken t =
        step(balancing(Balance.SUM, 2), Task.of(3, 1, 1), Task.of(1, 1, 0), Task.of(2, -1, 1));
    assertThat(t.w).containsExactly(1, 2);
    assertThat(t.own).containsExactly(1, 1);
    assertThat(t.step.loss()).isEqualTo(6);
    assertThat(t.step.weights()).isEmpty();
  }

  /// (3.7): 1, 0.95, 0.9025, 0.857375.
  @Test
  void weightsDecay() {
    double[] expected = {1, .95, .9025, .857375};
    for (Balance.Clock clock : Balance.Clock.values()) {
      Balancing balancing = balancing(new Balance.Fixed(Map.of("a", .95), clock), 2);
      for (int tau = 0; tau < 4; tau++) {
        boolean steps = clock == Balance.Clock.STEP;
        Balancing.Now now = new Balancing.Now(steps ? tau + 1 : 17, steps ? 17 : tau);
        try (Tape tape = Tape.recording(device)) {
          Objective.Loss loss = losses(tape, Task.of(3, 0, 1), Task.of(1, 1, 0), Task.of(2, 0, 1));
          Balancing.Step step = balancing.step(tape, loss, now);
          assertThat(values(step.gradients(), w)[0]).isCloseTo(expected[tau], EXACT);
          assertThat(values(step.gradients(), w)[1]).isEqualTo(2);
          assertThat(step.loss()).isCloseTo(expected[tau] + 5, EXACT);
        }
      }
    }
  }

  // Uncertainty

  /// The regression's 0.8 is (z − y)², of which our loss is half.
  @Test
  void uncertaintyOfTheWorkedExample() {
    Balancing balancing = balancing(new Balance.Uncertainty(1, 0), 2);
    balancing.restore(Map.of("a", .2, "b", -.4));
    Taken t = step(balancing, null, Task.of(.4, 1, 0), Task.of(.5, 0, 1));
    assertThat(t.step.loss()).isCloseTo(.973405, SIX);
    assertThat(t.w[0]).isCloseTo(Math.exp(-.2), EXACT);
    assertThat(t.w[1]).isCloseTo(Math.exp(.4), EXACT);
    assertThat(t.own[1]).isCloseTo(Math.exp(.4), EXACT);
    Map<String, Double> s = balancing.state();
    assertThat(s.get("a")).isCloseTo(.2 - .172508, SIX);
    assertThat(s.get("b")).isCloseTo(-.4 + .245912, SIX);
  }

  @Test
  void uncertaintySettlesAtItsMinimum() {
    double regression = 0;
    double classification = 0;
    for (int i = 0; i < 2000; i++) {
      regression = UncertaintyWeights.moved(regression, .4, .1);
      classification = UncertaintyWeights.moved(classification, .5, .1);
    }
    assertThat(regression).isCloseTo(-.223144, SIX); // ln 0.8
    assertThat(classification).isCloseTo(0, SIX); // ln (2 · 0.5)
  }

  @Test
  void uncertaintyThatDoesNotMoveIsAFixedWeight() {
    Balancing balancing = balancing(new Balance.Uncertainty(0, 0), 2);
    for (int i = 0; i < 2; i++) {
      Taken t = step(balancing, null, Task.of(.4, 1, 0), Task.of(.5, -1, 1));
      assertThat(t.w).containsExactly(0, 1);
    }
    Balancing absent = balancing(new Balance.Uncertainty(.5, .3), 2);
    step(absent, null, Task.of(0, 0, 0), Task.of(.5, -1, 1));
    assertThat(absent.state().get("a")).isEqualTo(.3);
  }

  // GradNorm

  @Test
  void gradNormOfTheWorkedExample() {
    double[] weights = {1.2, .8};
    double[] slopes =
        GradNormWeights.slopes(
            weights, new double[] {.5, 2}, new double[] {.6, .9}, new double[] {1, 1}, 1.5);
    assertThat(slopes).containsExactly(-.5, 2);
    GradNormWeights.descend(weights, slopes, .1);
    assertThat(weights[0]).isCloseTo(1.351351, SIX);
    assertThat(weights[1]).isCloseTo(.648649, SIX);
  }

  /// The slopes are those of L_grad = Σ |w_t n_t − target_t| with the targets held, which are Ḡ r_t^α.
  @Test
  void slopesAreThoseOfTheDistanceToTheTargets() {
    double[] w = {1.2, .8};
    double[] norms = {.5, 2};
    double[] losses = {.6, .9};
    double mean = (w[0] * norms[0] + w[1] * norms[1]) / 2;
    double[] targets = new double[2];
    for (int t = 0; t < 2; t++) {
      targets[t] = mean * Math.pow(losses[t] / ((losses[0] + losses[1]) / 2), 1.5);
    }
    assertThat(targets[0]).isCloseTo(.787096, SIX);
    assertThat(targets[1]).isCloseTo(1.445988, SIX);
    assertThat(distance(w, norms, targets)).isCloseTo(.341108, SIX);
    double[] slopes = GradNormWeights.slopes(w, norms, losses, new double[] {1, 1}, 1.5);
    double h = 1e-3; // the distance is linear where no sign changes
    for (int t = 0; t < 2; t++) {
      double[] up = w.clone();
      double[] down = w.clone();
      up[t] += h;
      down[t] -= h;
      double difference = distance(up, norms, targets) - distance(down, norms, targets);
      assertThat(slopes[t]).isCloseTo(difference / (2 * h), EXACT);
    }
  }

  private static double distance(double[] w, double[] norms, double[] targets) {
    double sum = 0;
    for (int t = 0; t < w.length; t++) {
      sum += Math.abs(w[t] * norms[t] - targets[t]);
    }
    return sum;
  }

  /// The same numbers, from gradients and losses; w itself is used before it moves.
  @Test
  void gradNormReadsGradientsAndLosses() {
    Balancing balancing = balancing(new Balance.GradNorm(1.5, .1, "w", 1), 2);
    balancing.restore(Map.of("weight.a", 1.2, "weight.b", .8));
    Taken t = step(balancing, Task.of(5, 0, 10), Task.of(.6, .3, -.4), Task.of(.9, 0, 2));
    assertThat(t.w[0]).isCloseTo(1.2 * .3, EXACT);
    assertThat(t.w[1]).isCloseTo(-1.2 * .4 + .8 * 2 + 10, EXACT);
    assertThat(t.own[0]).isCloseTo(1.2, EXACT);
    assertThat(t.step.loss()).isCloseTo(1.2 * .6 + .8 * .9 + 5, EXACT);
    assertThat(balancing.state().get("weight.a")).isCloseTo(1.351351, SIX);
    assertThat(balancing.state().get("weight.b")).isCloseTo(.648649, SIX);
  }

  @Test
  void equalTasksHaveNoSlope() {
    double[] same = {.7, .7};
    double[] slopes =
        GradNormWeights.slopes(new double[] {1, 1}, same, same, new double[] {1.4, 1.4}, 1.5);
    assertThat(slopes).containsExactly(0, 0);
    // without α all targets are the mean: the louder task is turned down, the other one up
    double[] plain =
        GradNormWeights.slopes(
            new double[] {1, 1},
            new double[] {1, 3},
            new double[] {.2, .9},
            new double[] {1, 1},
            0);
    assertThat(plain).containsExactly(-1, 3);
  }

  /// Weights add up to the number of tasks, a task that is not there moves nothing and divides by nothing.
  @Test
  void gradNormLeavesAbsentTasksAlone() {
    Balancing balancing = balancing(new Balance.GradNorm(1.5, .1, "", 0), 3);
    for (int i = 0; i < 20; i++) {
      step(balancing, null, Task.of(0, 0, 0), Task.of(.5 - .02 * i, 1, 1), Task.of(.5, 2, 1));
      Map<String, Double> s = balancing.state();
      double sum =
          List.of("a", "b", "c").stream()
              .mapToDouble(t -> s.getOrDefault("weight." + t, 0.0))
              .sum();
      assertThat(sum).isCloseTo(3, EXACT);
      assertThat(s.get("initial.a")).isZero();
      assertThat(s.get("initial.b")).isEqualTo(.5);
    }
    Balancing still = balancing(new Balance.GradNorm(1.5, 0, "", 0), 2);
    step(still, null, Task.of(.3, 1, 0), Task.of(.5, 4, 1));
    Taken t = step(still, null, Task.of(.1, 1, 0), Task.of(.5, 4, 1));
    assertThat(t.w).containsExactly(5, 1); // a rate of 0: fixed weights
  }

  // PCGrad

  @Test
  void surgeryOfTheWorkedExample() {
    Taken t = step(balancing(Balance.PcGrad.PAPER, 2), null, Task.of(1, 1, 0), Task.of(1, -1, 1));
    assertThat(t.w[0]).isCloseTo(.5, EXACT);
    assertThat(t.w[1]).isCloseTo(1.5, EXACT);
    assertThat(t.own).containsExactly(1, 1);
  }

  /// g₁′ is (0.5, 0) when it meets the second first, (0.5, 0.5) when it meets the third first.
  @Test
  void theOrderMatters() {
    double[][] g = {{1, 0}, {-1, 1}, {0, -2}};
    double[][] products = new double[3][3];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        products[i][j] = g[i][0] * g[j][0] + g[i][1] * g[j][1];
      }
    }
    int[][] none = {{}, {}, {}};
    assertThat(ProjectedGradients.project(products, none)).containsExactly(1, 1, 1);
    double[][] expected = {{.5, 0}, {.5, .5}};
    int[][] orders = {{1, 2}, {2, 1}};
    for (int o = 0; o < 2; o++) {
      double[] c = ProjectedGradients.project(products, new int[][] {orders[o], {}, {}});
      for (int d = 0; d < 2; d++) {
        double first = 0;
        for (int j = 0; j < 3; j++) {
          first += (c[j] - (j == 0 ? 0 : 1)) * g[j][d]; // the others count 1 for themselves
        }
        assertThat(first).isCloseTo(expected[o][d], EXACT);
      }
    }
  }

  @Test
  void whatAgreesIsAddedAndOppositesCancel() {
    Balancing balancing = balancing(Balance.PcGrad.PAPER, 2);
    Taken agree = step(balancing, Task.of(1, 5, 5), Task.of(1, 1, 2), Task.of(1, 3, -1));
    assertThat(agree.w).containsExactly(9, 6);
    Taken opposite = step(balancing, null, Task.of(1, 1, 2), Task.of(1, -1, -2));
    assertThat(opposite.w).containsExactly(0, 0);
    Taken absent = step(balancing, null, Task.of(0, 0, 0), Task.of(1, -1, -2));
    assertThat(absent.w).containsExactly(-1, -2);
  }

  /// In a space that is turned all gradients are turned, and so is what is left of them; of two tasks neither points against the other.
  @Test
  void surgeryTurnsWithTheSpace() {
    double[] a = {1, .3};
    double[] b = {-.9, .7};
    double cos = Math.cos(.8);
    double sin = Math.sin(.8);
    Balancing balancing = balancing(Balance.PcGrad.PAPER, 2);
    double[] plain = step(balancing, null, Task.of(1, a), Task.of(1, b)).w;
    double[] turned =
        step(balancing, null, Task.of(1, turn(a, cos, sin)), Task.of(1, turn(b, cos, sin))).w;
    assertThat(turned).containsExactly(turn(plain, cos, sin), EXACT);
    double against = a[0] * b[0] + a[1] * b[1];
    assertThat(against).isNegative();
    double left = 0; // g₁′ · g₂, g₁′ = g₁ − (g₁ · g₂)/‖g₂‖² g₂
    double other = 0; // g₂′ · g₁
    double[] expected = new double[2];
    for (int i = 0; i < 2; i++) {
      double one = a[i] - against / (b[0] * b[0] + b[1] * b[1]) * b[i];
      double two = b[i] - against / (a[0] * a[0] + a[1] * a[1]) * a[i];
      left += one * b[i];
      other += two * a[i];
      expected[i] = one + two;
    }
    assertThat(left).isCloseTo(0, EXACT);
    assertThat(other).isCloseTo(0, EXACT);
    assertThat(plain).containsExactly(expected, EXACT);
  }

  private static double[] turn(double[] x, double cos, double sin) {
    return new double[] {cos * x[0] - sin * x[1], sin * x[0] + cos * x[1]};
  }

  /// w conflicts and v does not; together they do not.
  @Test
  void tensorsMayBeComparedOneByOne() {
    Task a = new Task(1, new double[] {1, 0}, new double[] {3, 0});
    Task b = new Task(1, new double[] {-1, 1}, new double[] {3, 0});
    Taken global = step(balancing(Balance.PcGrad.PAPER, 2), null, a, b);
    assertThat(global.w).containsExactly(0, 1);
    Balance perTensor =
        new Balance.PcGrad(
            Balance.PcGrad.Reach.PER_TENSOR,
            Balance.PcGrad.Order.FIXED,
            Balance.PcGrad.Reduction.MEAN);
    Taken local = step(balancing(perTensor, 2), null, a, b);
    assertThat(local.w[0]).isCloseTo(.25, EXACT);
    assertThat(local.w[1]).isCloseTo(.75, EXACT);
    assertThat(local.v[0]).isCloseTo(3, EXACT);
    assertThat(local.own).containsExactly(1, 1);
  }

  /// Three tasks: the order is drawn from seed and step, so that a step repeats and steps differ.
  @Test
  void ordersAreDrawn() {
    Task[] tasks = {Task.of(1, 1, 0), Task.of(1, -1, 1), Task.of(1, 0, -2)};
    List<double[]> found = new ArrayList<>();
    for (int step = 1; step <= 12; step++) {
      double[][] twice = new double[2][];
      for (int i = 0; i < 2; i++) {
        try (Tape tape = Tape.recording(device)) {
          Balancing.Step taken =
              balancing(Balance.PcGrad.PAPER, 3)
                  .step(tape, losses(tape, null, tasks), new Balancing.Now(step, 0));
          twice[i] = values(taken.gradients(), w);
        }
      }
      assertThat(twice[1]).isEqualTo(twice[0]);
      found.add(twice[0]);
    }
    assertThat(found.stream().map(g -> g[1]).distinct().count()).isGreaterThan(1);
  }

  // Min-norm

  @Test
  void minNormOfTheWorkedExample() {
    Balancing balancing = balancing(new Balance.MinNorm(Map.of()), 2);
    Taken t = step(balancing, null, Task.of(1, 1, 0), Task.of(1, -1, 1));
    assertThat(t.step.weights().get("a")).isCloseTo(.6, EXACT);
    assertThat(t.w[0]).isCloseTo(.2, EXACT);
    assertThat(t.w[1]).isCloseTo(.4, EXACT);
    assertThat(t.w[0]).isCloseTo(-t.w[0] + t.w[1], EXACT); // ⟨g, g₁⟩ = ⟨g, g₂⟩
    assertThat(t.own).containsExactly(1, 1);
    Taken shorter = step(balancing, null, Task.of(1, 1, 0), Task.of(1, 3, 1));
    assertThat(shorter.w).containsExactly(1, 0); // clipped: the first is the shortest
    Taken absent = step(balancing, null, Task.of(0, 0, 0), Task.of(1, 3, 1));
    assertThat(absent.w).containsExactly(3, 1);
  }

  /// Among all weights on a grid none is better, with lower bounds and without.
  @Test
  void noWeightsAreShorter() {
    double[][] g = {{1, .2, 0}, {-.5, 1, .3}, {.4, -.7, 1.5}};
    double[][] m = new double[3][3];
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        for (int d = 0; d < 3; d++) {
          m[i][j] += g[i][d] * g[j][d];
        }
      }
    }
    for (double[] least : new double[][] {{0, 0, 0}, {.1, .2, .4}}) {
      double[] alpha = MinNormGradients.shortest(m, least);
      assertThat(alpha[0] + alpha[1] + alpha[2]).isCloseTo(1, EXACT);
      double best = length(m, alpha[0], alpha[1]);
      for (int i = 0; i < 3; i++) {
        assertThat(alpha[i]).isGreaterThanOrEqualTo(least[i]);
      }
      for (double a = least[0]; a <= 1; a += .01) {
        for (double b = least[1]; a + b <= 1 - least[2]; b += .01) {
          assertThat(length(m, a, b)).isGreaterThanOrEqualTo(best - 1e-12);
        }
      }
    }
  }

  private static double length(double[][] m, double a, double b) {
    double[] alpha = {a, b, 1 - a - b};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        sum += alpha[i] * alpha[j] * m[i][j];
      }
    }
    return sum;
  }

  @Test
  void meaninglessNumbersAreRefused() {
    assertRefused(() -> new Balance.Fixed(Map.of("a", 1.5), Balance.Clock.STEP), "in (0, 1]");
    assertRefused(() -> new Balance.Uncertainty(-1, 0), "rate -1.0. Expected at least 0.");
    assertRefused(() -> new Balance.GradNorm(-1, 0, "", 0), "alpha -1.0");
    assertRefused(() -> new Balance.MinNorm(Map.of("a", .7, "b", .7)), "at most 1");
    assertRefused(
        () -> balancing(new Balance.MinNorm(Map.of("z", .1)), 2), "z, which is no task. Expected");
    assertRefused(
        () -> balancing(new Balance.GradNorm(1, .1, "bottom/*", 0), 2),
        "layer \"bottom/*\" matches no parameter. Expected a pattern");
  }

  private static void assertRefused(Runnable what, String message) {
    assertThatThrownBy(what::run)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
