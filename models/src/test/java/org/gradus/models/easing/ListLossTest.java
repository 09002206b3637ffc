// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.easing.ListLoss.Lists;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListLossTest {
  private static final double[] Y = {0.5, 2, 1};
  private static final double[] PREDICTED = {0.2, 1.5, 1.6};
  private static final int[][] LISTS = {{0, 1, 2}, {1, 0, 0}, {2, 1, 1}};
  private static final Lists DRAWN = new Lists(4, true, false, 2);
  private static final ListLoss PLAIN = new ListLoss(DRAWN, 1, 1, 0);

  /// A loss, and its slope along the predictions.
  private record Found(double loss, double[] slope) {}

  private static Found found(double[] predicted, Function<Var, Var> loss) {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1);
        Tape tape = Tape.recording(device)) {
      DenseParameter p = params.weight("p", Shape.of(predicted.length), Initializers.constant(0));
      p.write(predicted);
      Var l = loss.apply(tape.use(p));
      double[] slope =
          tape.backward(l.add(tape.use(p).sum().multiply(0))).of(p) instanceof Gradient.Dense g
              ? g.values().toDoubles()
              : new double[0];
      return new Found(l.value().item(), slope);
    }
  }

  private static Found of(ListLoss loss, double[] predicted, double[] labels, int[]... lists) {
    return found(predicted, p -> loss.of(p, labels, lists[0].length, flat(lists)));
  }

  private static int[] flat(int[]... lists) {
    return Arrays.stream(lists).flatMapToInt(Arrays::stream).toArray();
  }

  private static int[][] drawn(Lists lists, int anchors, int nodes, long key) {
    int[] all = lists.draw(anchors, nodes, key, int[]::new);
    int length = lists.length(nodes);
    int[][] each = new int[anchors][];
    Arrays.setAll(each, i -> Arrays.copyOfRange(all, i * length, (i + 1) * length));
    return each;
  }

  private static double[] mapped(double[] x, java.util.function.DoubleUnaryOperator f) {
    return Arrays.stream(x).map(f).toArray();
  }

  @Test
  void theWorkedNumbers() {
    double[] each = {1.025330, 0.836195, 1.117533};
    for (int i = 0; i < 3; i++) {
      assertThat(of(PLAIN, PREDICTED, Y, LISTS[i]).loss()).isCloseTo(each[i], within(SIX_DECIMALS));
    }
    Found all = of(PLAIN, PREDICTED, Y, LISTS);
    assertThat(all.loss()).isCloseTo(0.993019, within(SIX_DECIMALS));
    assertClose(all.slope(), new double[] {0.006197, -0.150908, 0.144711}, SIX_DECIMALS);
    assertThat(of(PLAIN, Y, Y, LISTS).loss()).isCloseTo(0.918380, within(SIX_DECIMALS));
  }

  @Test
  void constantsChangeNothingAndSlopesAddUpToNothing() {
    Found plain = of(PLAIN, PREDICTED, Y, LISTS);
    Found shifted = of(PLAIN, mapped(PREDICTED, v -> v + 7), mapped(Y, v -> v - 3), LISTS);
    assertThat(shifted.loss()).isCloseTo(plain.loss(), within(EXACT));
    assertClose(shifted.slope(), plain.slope(), EXACT);
    assertThat(Arrays.stream(plain.slope()).sum()).isCloseTo(0, within(EXACT));
  }

  /// ŷ = y + const: the least value, with no slope; and every other prediction is worse.
  @Test
  void leastWherePredictionsAreTheLabels() {
    Found least = of(PLAIN, mapped(Y, v -> v + 4), Y, LISTS);
    assertClose(least.slope(), new double[3], EXACT);
    for (UnaryOperator<double[]> moved :
        java.util.List.<UnaryOperator<double[]>>of(
            y -> new double[] {y[0] + 0.1, y[1], y[2]},
            y -> new double[] {y[0], y[1] - 0.1, y[2]})) {
      assertThat(of(PLAIN, moved.apply(Y), Y, LISTS).loss()).isGreaterThan(least.loss());
    }
  }

  @Test
  void listsOfOneNodeSayNothing() {
    Found one = of(PLAIN, PREDICTED, Y, new int[] {1});
    assertThat(one.loss()).isCloseTo(0, within(EXACT));
    Found repeated = of(PLAIN, PREDICTED, Y, new int[] {1, 1, 1});
    assertThat(repeated.loss()).isCloseTo(Math.log(3), within(EXACT));
    assertClose(repeated.slope(), new double[3], EXACT);
  }

  /// Labels that are all alike pull predictions of a list together: the slope is that of a larger prediction down.
  @Test
  void constantLabelsPullPredictionsTogether() {
    double[] slope = of(PLAIN, new double[] {0, 1}, new double[] {5, 5}, new int[] {0, 1}).slope();
    assertThat(slope[1]).isPositive();
    assertThat(slope[0]).isCloseTo(-slope[1], within(EXACT));
  }

  /// By naive loops, with temperatures and with an ε.
  @ParameterizedTest
  @CsvSource({"1, 1, 0", "0.5, 2, 0", "2, 0.3, 0.01"})
  void temperaturesAndEpsilon(double tau, double labelTau, double epsilon) {
    double expected = 0;
    for (int[] list : LISTS) {
      double sum = 0;
      double labels = 0;
      for (int i : list) {
        sum += Math.exp(PREDICTED[i] / tau);
        labels += Math.exp(Y[i] / labelTau);
      }
      for (int i : list) {
        expected -=
            Math.exp(Y[i] / labelTau)
                / labels
                * Math.log(Math.exp(PREDICTED[i] / tau) / sum + epsilon)
                / 3;
      }
    }
    ListLoss loss = new ListLoss(DRAWN, tau, labelTau, epsilon);
    assertThat(of(loss, PREDICTED, Y, LISTS).loss()).isCloseTo(expected, within(EXACT));
  }

  /// A softmax of labels of any size: no overflow.
  @Test
  void largeLabelsOverflowNothing() {
    double[] huge = {2000, 0, 1000};
    Found f = of(PLAIN, huge, huge, LISTS);
    assertThat(f.loss()).isFinite();
    assertThat(f.slope()).doesNotContain(Double.NaN);
  }

  @Test
  void theGradientIsRight() {
    try (Device device = Device.open("reference");
        Params params = Params.create(device, 1)) {
      for (double epsilon : new double[] {0, 0.01}) {
        ListLoss loss = new ListLoss(DRAWN, 0.7, 1.3, epsilon);
        GradCheck.of(3)
            .input("p", Shape.of(3))
            .check(
                params,
                (_, in) ->
                    Map.of(
                        "l",
                        loss.of(java.util.Objects.requireNonNull(in.get("p")), Y, 3, flat(LISTS))))
            .orFail();
      }
    }
  }

  // Lists that are drawn

  @Test
  void anchorsComeFirstAndOthersFromAllNodes() {
    int[][] lists = drawn(new Lists(5, true, false, 2), 3, 6, 11);
    boolean[] seen = new boolean[6];
    for (long key = 0; key < 30; key++) {
      for (int[] list : drawn(new Lists(5, true, false, 2), 3, 6, key)) {
        Arrays.stream(list).skip(1).forEach(i -> seen[i] = true);
      }
    }
    assertThat(lists).hasDimensions(3, 5);
    for (int i = 0; i < 3; i++) {
      assertThat(lists[i][0]).isEqualTo(i);
      assertThat(Arrays.stream(lists[i])).allMatch(place -> place >= 0 && place < 6);
    }
    // 360 draws of 6 nodes: one is missed with probability below 6 (5/6)^360 < 1e-27
    assertThat(seen).containsOnly(true);
    assertThat(drawn(new Lists(5, true, false, 2), 3, 6, 11)).isDeepEqualTo(lists);
    assertThat(drawn(new Lists(5, true, false, 2), 3, 6, 12)).isNotEqualTo(lists);
  }

  @Test
  void anchorsAreLeftOutAndNodesComeOnceIfAskedFor() {
    for (long key = 0; key < 50; key++) {
      for (int[] list : drawn(new Lists(4, true, true, 2), 5, 5, key)) {
        assertThat(Arrays.copyOfRange(list, 1, 4)).doesNotContain(list[0]);
      }
      for (int[] list : drawn(new Lists(4, false, true, 2), 5, 5, key)) {
        assertThat(Arrays.stream(list).distinct()).hasSize(4);
      }
      for (int[] list : drawn(new Lists(9, false, true, 2), 5, 5, key)) {
        assertThat(list).containsExactlyInAnyOrder(0, 1, 2, 3, 4); // no more than there are
      }
    }
  }

  /// Every anchor draws its own, and whoever may come, comes at every place, with replacement and without.
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyAnchorDrawsItsOwn(boolean replacement) {
    boolean[][] seen = new boolean[3][6];
    boolean apart = false;
    for (long key = 0; key < 60; key++) {
      int[][] lists = drawn(new Lists(4, replacement, false, 2), 2, 6, key);
      apart |= !Arrays.equals(lists[0], 1, 4, lists[1], 1, 4);
      for (int k = 0; k < 3; k++) {
        seen[k][lists[0][1 + k]] = true;
      }
    }
    assertThat(apart).isTrue();
    // 60 draws of 6 nodes: one is missed with probability below 6 (5/6)^60 = 1e-4, and keys are
    // fixed
    for (boolean[] place : seen) {
      assertThat(place).containsOnly(true);
    }
  }

  @Test
  void tooFewNodesHaveNoLists() {
    Found one = found(new double[] {3}, p -> PLAIN.of(p, new double[] {1}, 1, 5));
    assertThat(one.loss()).isZero();
    assertThat(one.slope()).containsExactly(0);
    Found enough = found(PREDICTED, p -> PLAIN.of(p, Y, 3, 5));
    assertThat(enough.loss()).isPositive();
  }

  /// Nodes behind the anchors complete lists and are no anchors.
  @Test
  void rememberedNodesCompleteLists() {
    int[][] lists = drawn(DRAWN, 1, 3, 5);
    Found memory = found(PREDICTED, p -> PLAIN.of(p, Y, 1, 5));
    assertThat(lists).hasDimensions(1, 4);
    assertThat(memory.loss()).isEqualTo(of(PLAIN, PREDICTED, Y, lists).loss());
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new ListLoss(DRAWN, 0, 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("listTemperature 0.0");
    assertThatThrownBy(() -> new Lists(0, true, false, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("listLength 0");
  }
}
