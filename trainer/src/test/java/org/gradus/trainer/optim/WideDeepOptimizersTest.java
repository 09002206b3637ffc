// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.SampleBatches;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.trainer.store.Stored;
import org.junit.jupiter.api.Test;

/// The two optimisers of Wide & Deep: the trajectories of ctr-models, section 7, and both on one model.
class WideDeepOptimizersTest {
  private static final double SIX_DECIMALS = 1e-6;

  /// A weight that starts at `initial`, after each of these gradients, and the optimiser's numbers beside it: w, n, and z if
  /// there is one.
  private static double[][] trajectory(Group group, double initial, double... gradients) {
    double[][] seen = new double[gradients.length][];
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      DenseParameter w = params.weight("w", Shape.of(1), Initializers.constant(initial));
      try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(group))) {
        for (int t = 0; t < gradients.length; t++) {
          try (Tape tape = Tape.recording(device)) {
            optimizer.step(
                Given.gradients(tape, Map.of(w, new double[] {gradients[t]}), Map.of()), t + 1L);
          }
          List<Double> numbers = new ArrayList<>(List.of(w.value().toDoubles()[0]));
          for (Stored stored : optimizer.state().values()) { // by name: squares, z
            numbers.add(((Stored.Dense) stored).tensor().toDoubles()[0]);
          }
          seen[t] = numbers.stream().mapToDouble(x -> x).toArray();
        }
      }
    }
    return seen;
  }

  /// α = 0.1, β = 1, λ₁ = 0.5, λ₂ = 0.01: the weight is exactly 0 while |z| ≤ λ₁, here twice.
  @Test
  void ftrlTrajectory() {
    Group ftrl = Group.all(new Rule.Ftrl(1, .5, .01), .1);
    double[][] found = trajectory(ftrl, 0, .4, -.9, -.9, -.6);
    double[][] expected = { // w, n, z
      {0, .16, .4}, {0, .97, -.5}, {.038541, 1.78, -1.4}, {.062893, 2.14, -2.049605}
    };
    for (int t = 0; t < 4; t++) {
      assertThat(found[t]).containsExactly(expected[t], within(SIX_DECIMALS));
    }
    assertThat(found[0][0]).isZero();
    assertThat(found[1][0]).isZero();
    double[] n = {0, .16, .97, 1.78, 2.14};
    double[] s = {4, 5.848858, 3.492806, 1.287075};
    for (int t = 0; t < 4; t++) {
      double step = (Math.sqrt(n[t + 1]) - Math.sqrt(n[t])) / .1; // (WD-5) by hand
      assertThat(step).isCloseTo(s[t], within(SIX_DECIMALS));
    }
  }

  /// η = 0.05 and s = 0.1 at the start; an ε this small is none.
  @Test
  void adagradTrajectory() {
    Group adagrad = Group.all(new Rule.Adagrad(1e-12, .1), .05);
    double[][] found = trajectory(adagrad, .5, .4, -.2);
    assertThat(found[0]).containsExactly(new double[] {.460777, .26}, within(SIX_DECIMALS));
    assertThat(found[1]).containsExactly(new double[] {.479034, .3}, within(SIX_DECIMALS));
  }

  /// Without penalties FTRL is AdaGrad with η = α and ε = β.
  @Test
  void withoutPenaltiesFtrlIsAdagrad() {
    double[] gradients = {.4, -.9, 1.3, -.6, .05, 2};
    double[][] ftrl = trajectory(Group.all(new Rule.Ftrl(1, 0, 0), .1), 0, gradients);
    double[][] adagrad = trajectory(Group.all(new Rule.Adagrad(1, 0), .1), 0, gradients);
    for (int t = 0; t < gradients.length; t++) {
      assertThat(ftrl[t][0]).as("step %s", t).isCloseTo(adagrad[t][0], within(1e-14)).isNotZero();
    }
  }

  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("price"),
          new Field.Categorical("user", 7),
          new Field.Categorical("city", 5),
          new Field.Label("click", Field.LabelKind.BINARY));

  /// What is below `wide` by FTRL with L1, everything else by AdaGrad with L2, on one loss: weights of the wide part are
  /// exactly 0 or not small, the deep part has none that are 0 and no state of FTRL, and the loss falls.
  @Test
  void bothPartsAreTrainedJointlyEachByItsOwn() {
    Group wide = Group.all(new Rule.Ftrl(1, .3, 0), .1).on("wide.*");
    Group deep = Group.all(new Rule.Adagrad(1e-8, .1), .05).with(Penalty.l2(1e-4));
    ModelSpec spec = Models.get("wide-deep");
    Map<String, String> given = Map.of("embeddingDim", "2", "hidden", "4", "crosses", "user*city");
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      Model model = spec.create(spec.settings(given), SCHEMA, params);
      Batch batch = SampleBatches.draw(SCHEMA, 32, 5);
      Map<String, double[]> before = values(params);
      try (Optimizer optimizer = new Optimizer(params, OptimizerConfig.of(wide, deep))) {
        double first = step(model, batch, device, optimizer, 1);
        double last = first;
        for (int t = 2; t <= 100; t++) {
          last = step(model, batch, device, optimizer, t);
        }
        assertThat(last).isLessThan(.9 * first);
        assertThat(optimizer.state()).containsKey("wide/cross/user+city@z");
        for (String state : optimizer.state().keySet()) {
          assertThat(state.startsWith("wide/") || !state.endsWith("@z")).as(state).isTrue();
        }
      }
      Map<String, double[]> after = values(params);
      double[] crosses = after.getOrDefault("wide/cross/user+city", new double[0]);
      assertThat(crosses).hasSize(35);
      long used = looked(batch);
      long moved = Arrays.stream(crosses).filter(w -> w != 0).count();
      assertThat(moved).as("of %s crosses that occur", used).isBetween(1L, used - 1);
      after.forEach(
          (path, w) -> {
            if (!path.startsWith("wide/")) {
              assertThat(w).as(path).isNotEqualTo(before.get(path));
            }
          });
    }
  }

  /// Distinct pairs of user and city.
  private static long looked(Batch batch) {
    int[] users = batch.sparse().of("user").values();
    int[] cities = batch.sparse().of("city").values();
    boolean[] seen = new boolean[35];
    for (int b = 0; b < batch.size(); b++) {
      seen[users[b] * 5 + cities[b]] = true;
    }
    long count = 0;
    for (boolean s : seen) {
      count += s ? 1 : 0;
    }
    return count;
  }

  private static double step(Model model, Batch batch, Device device, Optimizer optimizer, long t) {
    try (Tape tape = Tape.recording(device)) {
      Var z = model.forward(batch, Mode.training(tape, 1, t)).head("click").score();
      Var loss =
          z.crossEntropyWithLogits(tape.scope().upload(z.shape(), batch.label("click"))).mean();
      optimizer.step(tape.backward(loss), t);
      return loss.value().item();
    }
  }

  private static Map<String, double[]> values(Params params) {
    Map<String, double[]> values = new TreeMap<>();
    for (Parameter p : params.all()) {
      switch (p) {
        case DenseParameter d -> values.put(p.path(), d.value().toDoubles());
        case TableParameter t -> {
          double[] rows = new double[(int) t.elements()];
          t.table().read(0, rows);
          values.put(p.path(), rows);
        }
      }
    }
    return values;
  }
}
