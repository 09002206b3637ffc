// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Outputs;
import org.gradus.models.easing.DistributionDecoder.Distribution;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Labels, pseudo-labels and lists, each divided by its own count, on predictions that are parameters themselves.
class LearningTest {
  private static final Schema SCHEMA =
      Schema.of(
          new Field.Dense("size"),
          new Field.Label("y", Field.LabelKind.REGRESSION),
          new Field.LabelMask("known", "y"));
  private static final ListLoss LIST = new ListLoss(new ListLoss.Lists(3, true, false, 2), 1, 1, 0);
  private static final Learning.Ranking NO_LISTS = new Learning.Ranking(0, 0, LIST);

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private static Learning.Config config(double weight, int passes, boolean variance) {
    return new Learning.Config(
        Learning.Reduction.PER_PART,
        0,
        new Unlabelled.Config(weight, passes, variance, 0),
        NO_LISTS);
  }

  private DenseParameter parameter(String name, double... values) {
    DenseParameter p = params.weight(name, Shape.of(values.length), Initializers.constant(0));
    p.write(values);
    return p;
  }

  private static Batch batch(float[] y, float... mask) {
    return Batch.builder(SCHEMA, y.length)
        .dense(new float[y.length])
        .real("y", y)
        .real("known", mask)
        .build();
  }

  /// The losses of predictions μ and ν, where every other pass says what `again` says.
  private static Outputs losses(
      Learning learning,
      Distribution d,
      Batch batch,
      Mode mode,
      Function<Mode, Distribution> again) {
    Outputs none = new Outputs(Map.of(), Map.of());
    return learning.with(none, "y", d, batch, new Learning.Pass(again, mode));
  }

  private static double value(Outputs outputs, String loss) {
    return requireNonNull(outputs.losses().get(loss)).value().item();
  }

  private static double[] of(Gradients gradients, DenseParameter p) {
    return gradients.of(p) instanceof Gradient.Dense g
        ? g.values().toDoubles()
        : new double[p.shape().elements()];
  }

  /// Half squared errors 0.04, 0.25, 0.09, 0.16, of which the second and the fourth are of pseudo-labels: with λ_u = ½ they are 0.065
  /// and 0.205, in all 0.1675; over the batch the first would be 0.0325.
  @Test
  void labelsAndPseudoLabelsAreTheWorkedExample() {
    double[] errors = {0.04, 0.25, 0.09, 0.16};
    double[] off = Arrays.stream(errors).map(e -> Math.sqrt(2 * e)).toArray();
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.EPOCH_WEIGHTED,
                2, // labels in this batch, and in every other
                new Unlabelled.Config(0.5, 1, false, 0),
                NO_LISTS),
            params);
    try (Tape tape = Tape.recording(device)) {
      Shape shape = Shape.of(4);
      Var nu = tape.constant(shape, new double[4]);
      Distribution d = new Distribution(tape.constant(shape, off), nu);
      Batch batch = batch(new float[4], 1, 0, 1, 0);
      Outputs out =
          losses(learning, d, batch, Mode.training(tape, 1, 1), m -> constant(m, new double[4]));
      assertThat(value(out, "y")).isCloseTo(0.065, within(EXACT));
      assertThat(value(out, "unlabelled")).isCloseTo(0.5 * 0.205, within(EXACT));
      assertThat(value(out, "y") + value(out, "unlabelled")).isCloseTo(0.1675, within(EXACT));
      assertThat(out.weight("unlabelled", 4)).isEqualTo(2);
    }
  }

  /// Whose labels are known, Σ of the errors of the others, and how many these are.
  static Stream<Arguments> counts() {
    return Stream.of(
        Arguments.of(new float[] {1, 0, 0, 0}, 0.25 + 0.09 + 0.16, 3),
        Arguments.of(new float[] {1, 0, 1, 1}, 0.25, 1),
        Arguments.of(new float[] {0, 0, 0, 0}, 0.04 + 0.25 + 0.09 + 0.16, 4));
  }

  /// Pseudo-labels are divided by their own count where there are more of them than labels, and fewer.
  @ParameterizedTest
  @MethodSource("counts")
  void eachPartIsDividedByItsOwnCount(float[] known, double sum, int count) {
    double[] off =
        Arrays.stream(new double[] {0.04, 0.25, 0.09, 0.16}).map(e -> Math.sqrt(2 * e)).toArray();
    Learning learning = new Learning(config(0.5, 1, false), params);
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 1);
      Outputs out =
          losses(
              learning,
              constant(mode, off),
              batch(new float[4], known),
              mode,
              m -> constant(m, new double[4]));
      assertThat(value(out, "unlabelled")).isCloseTo(0.5 * sum / count, within(EXACT));
      assertThat(out.weight("unlabelled", 4)).isEqualTo(count);
      assertThat(out.losses()).doesNotContainKey("y"); // which has its own count
    }
  }

  private static Distribution constant(Mode mode, double[] mean) {
    Shape shape = Shape.of(mean.length);
    return new Distribution(
        mode.tape().constant(shape, mean), mode.tape().constant(shape, new double[mean.length]));
  }

  /// The mean over epochs of batches whose counts fluctuate is that over all labels; PER_PART weighs labels of small counts more.
  @Test
  void epochWeightedIsTheMeanOverAnEpoch() {
    float[] y = {1, 0, 0, 0, 0, 2};
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.EPOCH_WEIGHTED,
                2, // 4 labels in 2 batches
                new Unlabelled.Config(0, 1, false, 0),
                NO_LISTS),
            params);
    double[] found = new double[2];
    float[][] masks = {{1, 0, 0}, {1, 1, 1}};
    for (int b = 0; b < 2; b++) {
      try (Tape tape = Tape.recording(device)) {
        Distribution d = constant(Mode.training(tape, 1, 1), new double[3]);
        Batch batch = batch(Arrays.copyOfRange(y, 3 * b, 3 * b + 3), masks[b]);
        Outputs out = losses(learning, d, batch, Mode.training(tape, 1, 1), m -> d);
        found[b] = value(out, "y");
      }
    }
    double mean = (0.5 * 1 + 0 + 0 + 0.5 * 4) / 4; // half squared errors of the four labels
    assertThat((found[0] + found[1]) / 2).isCloseTo(mean, within(EXACT));
  }

  /// Passes (0.8, 2.5), (1.0, 2.3), (0.9, 2.7): pseudo-labels 0.9 and 2.5.
  @Test
  void pseudoLabelsAreMeansOfPasses() {
    double[][] passes = {{0.8, 2.5}, {1.0, 2.3}, {0.9, 2.7}};
    Unlabelled unlabelled =
        new Unlabelled(new Unlabelled.Config(1, 3, false, 0), params.at("unlabelled"));
    try (Tape tape = Tape.recording(device)) {
      int[] pass = new int[1];
      Set<Long> drawn = new HashSet<>();
      Distribution d =
          unlabelled.labels(
              m -> {
                assertThat(m.training()).as("dropout is on").isTrue();
                assertThat(m.updatesStatistics()).isFalse();
                drawn.add(m.draw("dropout"));
                return constant(m, passes[pass[0]++]);
              },
              2,
              Mode.training(tape, 1, 1));
      assertThat(pass[0]).isEqualTo(3);
      assertThat(drawn).as("every pass drops anew").hasSize(3);
      assertClose(d.mean().value().toDoubles(), new double[] {0.9, 2.5}, EXACT);
    }
  }

  /// The gradient of an unlabelled node is that of a constant label: −e^−ν (ỹ − μ), and ½ − ½ e^−ν (ỹ − μ)², although ỹ is 2 μ here.
  @Test
  void noGradientGoesThroughAPseudoLabel() {
    DenseParameter mean = parameter("mean", 0.8, 2.5);
    DenseParameter logVariance = parameter("logVariance", -0.2, 0.4);
    Function<Mode, Distribution> doubled =
        m ->
            new Distribution(m.tape().use(mean).multiply(2), m.tape().use(logVariance).multiply(2));
    for (boolean variance : new boolean[] {false, true}) {
      Learning learning =
          new Learning(config(1, 2, variance), params.at(variance ? "with" : "without"));
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, 1);
        Distribution d = new Distribution(tape.use(mean), tape.use(logVariance));
        Outputs out = losses(learning, d, batch(new float[2], 0, 0), mode, doubled);
        Gradients g = tape.backward(requireNonNull(out.losses().get("unlabelled")));
        double[] mu = {0.8, 2.5};
        double[] nu = {-0.2, 0.4};
        double loss = 0;
        double[] slopes = new double[2];
        double[] nuSlopes = new double[2];
        for (int b = 0; b < 2; b++) {
          double used = variance ? 2 * nu[b] : nu[b];
          double error = 2 * mu[b] - mu[b];
          loss += (0.5 * Math.exp(-used) * error * error + 0.5 * used) / 2;
          slopes[b] = -Math.exp(-used) * error / 2;
          nuSlopes[b] = variance ? 0 : (0.5 - 0.5 * Math.exp(-used) * error * error) / 2;
        }
        assertThat(value(out, "unlabelled")).isCloseTo(loss, within(EXACT));
        assertClose(of(g, mean), slopes, EXACT);
        assertClose(of(g, logVariance), nuSlopes, EXACT);
      }
    }
  }

  /// Batches with labels only, or without any: the other part is 0, and nothing is NaN.
  @Test
  void aPartThatIsAbsentIsNothing() {
    DenseParameter mean = parameter("mean", 0.8, 2.5);
    Learning learning = new Learning(config(1, 1, false), params);
    for (float m : new float[] {0, 1}) {
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, 1);
        Distribution d =
            new Distribution(tape.use(mean), tape.constant(Shape.of(2), new double[2]));
        Outputs out =
            losses(
                learning,
                d,
                batch(new float[] {1, Float.NaN}, m, 0),
                mode,
                other -> constant(other, new double[2]));
        double[] slope = of(tape.backward(requireNonNull(out.losses().get("unlabelled"))), mean);
        assertClose(slope, m == 0 ? new double[] {0.4, 1.25} : new double[] {0, 2.5}, EXACT);
      }
    }
    try (Tape tape = Tape.recording(device)) {
      Distribution d = constant(Mode.training(tape, 1, 1), new double[2]);
      Outputs out =
          losses(learning, d, batch(new float[2], 1, 1), Mode.training(tape, 1, 1), m -> d);
      assertThat(value(out, "unlabelled")).isZero();
      assertThat(out.weight("unlabelled", 2)).isZero();
    }
  }

  /// Without a node to make a pseudo-label for there are no passes; the warm-up goes on all the same.
  @Test
  void noPassIsMadeForNobody() {
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.PER_PART, 0, new Unlabelled.Config(1, 3, false, 4), NO_LISTS),
            params);
    int[] passes = new int[1];
    for (float m : new float[] {1, 0}) {
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, 1);
        Function<Mode, Distribution> counted =
            other -> {
              passes[0]++;
              return constant(other, new double[2]);
            };
        double[] off = {1, 1};
        Outputs out =
            losses(learning, constant(mode, off), batch(new float[2], 1, m), mode, counted);
        assertThat(passes[0]).isEqualTo(m == 1 ? 0 : 3);
        assertThat(value(out, "unlabelled")).isCloseTo(m == 1 ? 0 : 0.25 * 0.5, within(EXACT));
      }
    }
  }

  /// λ_u grows from 0 by 1/T a step, and only in steps that count.
  @Test
  void theWarmUpCountsSteps() {
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.PER_PART, 0, new Unlabelled.Config(2, 1, false, 4), NO_LISTS),
            params);
    double[] factors = {0, 0, 0.25, 0.5, 0.75, 1, 1};
    for (int t = 0; t < factors.length; t++) {
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, t);
        mode = t == 0 ? mode.withoutSideEffects() : mode;
        Distribution d = constant(mode, new double[] {1});
        Outputs out =
            losses(learning, d, batch(new float[1], 0), mode, m -> constant(m, new double[1]));
        assertThat(value(out, "unlabelled")).as("pass %d", t).isCloseTo(factors[t], within(EXACT));
      }
    }
  }

  /// Lists read nodes with a label only; those without may hold anything.
  @Test
  void listsAreOfLabelledNodes() {
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.PER_PART,
                0,
                new Unlabelled.Config(0, 1, false, 0),
                new Learning.Ranking(0.5, 0, LIST)),
            params);
    DenseParameter mean = parameter("mean", 0.2, 9, 1.5, 1.6);
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 1);
      Distribution d = new Distribution(tape.use(mean), tape.constant(Shape.of(4), new double[4]));
      Batch batch = batch(new float[] {0.5f, Float.NaN, 2, 1}, 1, 0, 1, 1);
      Outputs out = losses(learning, d, batch, mode, m -> d);
      assertThat(value(out, "list")).isPositive();
      assertThat(out.weight("list", 4)).isEqualTo(3);
      double[] slope = of(tape.backward(requireNonNull(out.losses().get("list"))), mean);
      assertThat(slope[1]).isZero();
      assertThat(slope[0] + slope[2] + slope[3]).isCloseTo(0, within(EXACT));
      // labels and predictions that are all alike: ln 3 of lists of three, times λ_list
      Distribution alike = constant(mode, new double[] {2, 2, 2});
      Outputs equal = losses(learning, alike, batch(new float[] {5, 5, 5}, 1, 1, 1), mode, m -> d);
      assertThat(value(equal, "list")).isCloseTo(0.5 * Math.log(3), within(EXACT));
    }
  }

  /// The memory holds the last S labelled predictions, the oldest first.
  @Test
  void theMemoryIsFirstInFirstOut() {
    ListMemory memory = new ListMemory(3, params.at("memory"));
    assertThat(memory.nodes().labels()).isEmpty();
    memory.add(new double[] {1, 2}, new double[] {10, 20});
    assertThat(memory.nodes().predictions()).containsExactly(1, 2);
    memory.add(new double[] {3, 4}, new double[] {30, 40});
    assertThat(memory.nodes().predictions()).containsExactly(2, 3, 4);
    assertThat(memory.nodes().labels()).containsExactly(20, 30, 40);
    memory.add(new double[] {5, 6, 7, 8}, new double[] {50, 60, 70, 80});
    assertThat(memory.nodes().labels()).containsExactly(60, 70, 80);
  }

  /// One labelled node has no list of its own; with three remembered it has, and they get no gradient.
  @Test
  void rememberedNodesMakeListsForFewLabels() {
    Learning learning =
        new Learning(
            new Learning.Config(
                Learning.Reduction.PER_PART,
                0,
                new Unlabelled.Config(0, 1, false, 0),
                new Learning.Ranking(1, 8, LIST)),
            params);
    DenseParameter mean = parameter("mean", 0.4);
    double[] losses = new double[4];
    for (int t = 0; t < 4; t++) {
      try (Tape tape = Tape.recording(device)) {
        Mode mode = Mode.training(tape, 1, t);
        Distribution d = new Distribution(tape.use(mean), tape.constant(Shape.of(1), 0.0));
        Outputs out = losses(learning, d, batch(new float[] {t}, 1), mode, m -> d);
        losses[t] = value(out, "list");
      }
    }
    assertThat(losses[0]).isZero();
    assertThat(Arrays.stream(losses, 1, 4)).allMatch(l -> l > 0);
  }

  @Test
  void aLabelThatIsNoNumberIsRefusedWhereItIsKnown() {
    Learning learning = new Learning(config(1, 1, false), params);
    try (Tape tape = Tape.recording(device)) {
      Mode mode = Mode.training(tape, 1, 1);
      Distribution d = constant(mode, new double[2]);
      assertThatThrownBy(
              () -> losses(learning, d, batch(new float[] {1, Float.NaN}, 1, 1), mode, m -> d))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("easing: label y of example 1 is NaN. Expected a number.");
    }
  }

  @Test
  void anEpochNeedsACount() {
    assertThatThrownBy(
            () ->
                new Learning.Config(
                    Learning.Reduction.EPOCH_WEIGHTED,
                    0,
                    new Unlabelled.Config(1, 1, false, 0),
                    NO_LISTS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("EPOCH_WEIGHTED with labelledPerBatch 0.0");
  }
}
