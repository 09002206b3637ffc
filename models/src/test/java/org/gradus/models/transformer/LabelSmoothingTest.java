// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.gradus.models.ModelBench.EXACT;
import static org.gradus.models.ModelBench.SIX_DECIMALS;
import static org.gradus.models.ModelBench.assertClose;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.models.transformer.LabelSmoothing.Kind;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// The smoothed loss: examples worked by hand, and its invariants.
class LabelSmoothingTest {
  private static final double[] WORKED = {2, 1, .2, .1, -1};

  private final Device device = Device.open("reference");
  private final Tape tape = Tape.recording(device);

  @AfterEach
  void close() {
    tape.close();
    device.close();
  }

  private Var logits(double... o) {
    return tape.variable(tape.scope().upload(Shape.of(1, o.length), o));
  }

  private Tensor targets(int... y) {
    return tape.scope().upload(Shape.of(y.length), y);
  }

  private double loss(LabelSmoothing smoothing, double... o) {
    return smoothing.losses(logits(o), targets(0)).value().item();
  }

  /// q of (LS-2), written out.
  private static double[] distribution(LabelSmoothing s, int target, int classes) {
    double[] q = new double[classes];
    for (int k = 0; k < classes; k++) {
      q[k] =
          switch (s.kind()) {
            case UNIFORM_ALL -> s.epsilon() / classes;
            case OTHERS -> k == target ? 0 : s.epsilon() / (classes - 1);
            case OTHERS_NO_PAD -> k == target || k == s.padding() ? 0 : s.epsilon() / (classes - 2);
          };
    }
    q[target] += 1 - s.epsilon();
    assertThat(Arrays.stream(q).sum()).isCloseTo(1, within(EXACT));
    return q;
  }

  @Test
  void withoutSmoothingItIsCrossEntropy() {
    for (Kind kind : Kind.values()) {
      LabelSmoothing smoothing = new LabelSmoothing(kind, .1, 4);
      assertThat(loss(smoothing.off(), WORKED)).isCloseTo(.549585, within(SIX_DECIMALS));
      assertThat(smoothing.off().floor(5)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "UNIFORM_ALL, .703585, .389673",
    "OTHERS, .742085, .463712",
    "OTHERS_NO_PAD, .706252, .434944"
  })
  void workedExample(Kind kind, double loss, double floor) {
    LabelSmoothing smoothing = new LabelSmoothing(kind, .1, 4);
    assertThat(loss(smoothing, WORKED)).isCloseTo(loss, within(SIX_DECIMALS));
    assertThat(smoothing.floor(5)).isCloseTo(floor, within(SIX_DECIMALS));
  }

  /// p − q, which adds up to 0.
  @ParameterizedTest
  @EnumSource
  void theGradientIsPMinusQ(Kind kind) {
    LabelSmoothing smoothing = new LabelSmoothing(kind, .1, 4);
    Var o = logits(WORKED);
    Var loss = smoothing.losses(o, targets(0)).sum();
    double[] g = requireNonNull(tape.backward(loss).of(o)).toDoubles();
    double[] q = distribution(smoothing, 0, 5);
    double sum = Arrays.stream(WORKED).map(Math::exp).sum();
    double[] expected = new double[5];
    for (int k = 0; k < 5; k++) {
      expected[k] = Math.exp(WORKED[k]) / sum - q[k];
    }
    assertClose(g, expected, EXACT);
    assertThat(Arrays.stream(g).sum()).isCloseTo(0, within(EXACT));
    double[] quoted =
        switch (kind) {
          case UNIFORM_ALL -> new double[] {-.342811, .192336, .075409, .066329, .008737};
          case OTHERS_NO_PAD -> new double[] {-.322811, .179003, .062075, .052996, .028737};
          case OTHERS -> g;
        };
    assertClose(g, quoted, SIX_DECIMALS);
  }

  /// Any other logits than ln q lose more than the entropy of q.
  @ParameterizedTest
  @EnumSource
  void theFloorIsReachedAtQAlone(Kind kind) {
    LabelSmoothing smoothing = new LabelSmoothing(kind, .2, 3);
    double[] q = distribution(smoothing, 0, 4);
    double[] o = Arrays.stream(q).map(v -> v == 0 ? -800 : Math.log(v)).toArray();
    double floor = smoothing.floor(4);
    assertThat(loss(smoothing, o)).isCloseTo(floor, within(EXACT));
    for (int k = 0; k < 4; k++) {
      double[] other = o.clone();
      other[k] += other[k] == -800 ? 800 : .01;
      assertThat(loss(smoothing, other)).isGreaterThan(floor);
    }
  }

  /// (0.5 + 1.5 + 2.0)/3: the loss of padding is no part of the mean, nor is its place.
  @Test
  void theMeanIsOverRealTokens() {
    Var losses = tape.variable(tape.scope().upload(Shape.of(4), .5, 1.5, 2.0, 9.0));
    Tensor real = Transformer.real(tape.scope(), new int[] {3, 2, 4, 0}, Shape.of(4));
    assertThat(losses.maskedMean(real).value().item()).isCloseTo(4 / 3.0, within(EXACT));
  }

  @ParameterizedTest
  @EnumSource
  void gradientsAreRight(Kind kind) {
    LabelSmoothing smoothing = new LabelSmoothing(kind, .1, 0);
    GradCheck.of(1)
        .input("o", Shape.of(3, 5))
        .check(
            device,
            _ ->
                (mode, in) -> {
                  Tensor y = mode.tape().scope().upload(Shape.of(3), new int[] {1, 4, 2});
                  return Map.of("loss", smoothing.losses(in.get("o"), y));
                })
        .orFail();
  }

  @Test
  void whatCannotBeIsSaid() {
    assertThatThrownBy(() -> new LabelSmoothing(Kind.OTHERS, 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("label smoothing: 1.0. Expected a share from 0 to less than 1.");
    LabelSmoothing nobody = new LabelSmoothing(Kind.OTHERS_NO_PAD, .1, 0);
    assertThatThrownBy(() -> nobody.floor(2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 classes with OTHERS_NO_PAD");
  }
}
