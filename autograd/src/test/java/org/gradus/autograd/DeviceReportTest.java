// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.autograd.OpCase.shape;

import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The comparison of devices, on a second device that is `reference` but for what a test makes it do.
class DeviceReportTest {
  private static final double UNIT = 0x1p-24;

  private Device reference;
  private Device other;

  @BeforeEach
  void open() {
    reference = Device.open("reference");
    other = new AlteredDevice(reference, reference.kernels());
  }

  @AfterEach
  void close() {
    reference.close();
  }

  /// y = x³ on reference, and what a test says on the other device.
  private DeviceReport compare(DoubleUnaryOperator f, DoubleUnaryOperator slope) {
    return GradCheck.of(3)
        .input("x", shape(2, 3))
        .compare(
            other,
            reference,
            params ->
                (_, in) ->
                    Map.of(
                        "y",
                        params.device().equals(other)
                            ? HandMade.function("cube", in.get("x"), f, slope)
                            : HandMade.function(
                                "cube", in.get("x"), v -> v * v * v, v -> 3 * v * v)));
  }

  @Test
  void equalDevicesDifferByNothing() {
    DeviceReport report = compare(v -> v * v * v, v -> 3 * v * v).orFail();
    assertThat(report.rows())
        .extracting(DeviceReport.Row::name)
        .containsExactly("output y", "gradient x");
    assertThat(report.rows()).allMatch(r -> r.difference() == 0 && r.bound() > 0);
  }

  @Test
  void readsTheLongestSumOffFromShapes() {
    DeviceReport report =
        GradCheck.of(3)
            .input("x", shape(4, 3))
            .input("w", shape(3, 2))
            .input("b", shape(2))
            .compare(
                other,
                reference,
                _ ->
                    (_, in) ->
                        Map.of("y", in.get("x").linear(in.get("w"), in.get("b"), Activation.TANH)))
            .orFail();
    // The gradients of w and b are sums over the 4 rows; products in between are sums of 3 and 2.
    assertThat(report.rounding().terms()).isEqualTo(4);
    assertThat(report.rounding().epsilon()).isEqualTo(4 * 2 * UNIT);
  }

  @Test
  void grantsRoundingsOfFloat32() {
    compare(v -> (float) (v * v * v), v -> (float) (3 * v * v)).orFail();
  }

  @Test
  void findsAnErrorOfOnePartInTenThousand() {
    DeviceReport wrongOutput = compare(v -> v * v * v * 1.0001, v -> 3 * v * v);
    assertThat(wrongOutput.rows())
        .extracting(DeviceReport.Row::passed)
        .containsExactly(false, true);
    DeviceReport wrongGradient = compare(v -> v * v * v, v -> 3 * v * v * 1.0001);
    assertThat(wrongGradient.rows())
        .extracting(DeviceReport.Row::passed)
        .containsExactly(true, false);
    assertThatThrownBy(wrongGradient::orFail)
        .isInstanceOf(GradCheck.Failure.class)
        .hasMessageContaining("gradient x")
        .hasMessageContaining("FAIL at [")
        .hasMessageContaining("expected");
  }

  @Test
  void findsNumbersThatAreNone() {
    assertThat(compare(_ -> Double.NaN, v -> 3 * v * v).passed()).isFalse();
  }

  @Test
  void grantsWhatCancellationMagnifies() {
    DeviceReport report =
        GradCheck.of(3)
            .input("x", shape(5))
            .compare(
                other, reference, _ -> (_, in) -> Map.of("y", in.get("x").add(1000).add(-1000)))
            .orFail();
    // The first sum is about 1000 and is off by up to ε of that; what remains after the second is
    // below 2.
    DeviceReport.Row y = report.rows().getFirst();
    assertThat(y.magnitude()).isLessThan(2);
    assertThat(y.bound()).isBetween(1000 * UNIT, 1000 * 8 * report.rounding().epsilon());
  }

  @Test
  void failsDevicesThatNeverTakeTheSameBranch() {
    DeviceReport report =
        GradCheck.of(3)
            .input("x", shape(50))
            .compare(
                other,
                reference,
                params ->
                    (_, in) ->
                        Map.of(
                            "y",
                            params.device().equals(other)
                                ? HandMade.relu(in.get("x").multiply(in.get("x")))
                                : HandMade.relu(in.get("x"))));
    assertThat(report.passed()).isFalse();
    assertThat(report.problems())
        .singleElement()
        .asString()
        .startsWith("the devices take different branches");
  }

  @Test
  void findsAMutantOnTheDevice() {
    GradCheck check = GradCheck.of(3).input("x", shape(5));
    Objective.Builder builder = _ -> (_, in) -> Map.of("y", in.get("x").sigmoid());
    for (Mutation mutation : new Mutation.Contribution("sigmoid", 0).mutations()) {
      assertThat(check.mutated(mutation).compare(other, reference, builder).passed()).isFalse();
    }
    Mutation elsewhere = new Mutation("tanh", 0, Mutation.Kind.SIGN);
    assertThatThrownBy(() -> check.mutated(elsewhere).compare(other, reference, builder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("meets no gradient");
  }

  @Test
  void refusesObjectivesWithOtherParameters() {
    assertThatThrownBy(
            () ->
                GradCheck.of(3)
                    .compare(
                        other,
                        reference,
                        params -> {
                          String name = params.device().equals(other) ? "a" : "b";
                          DenseParameter w = params.bias(name, shape(2));
                          return (mode, _) -> Map.of("y", mode.tape().use(w));
                        }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[a]")
        .hasMessageContaining("[b]");
  }
}
