// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.assertj.core.data.Offset;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NormalLossTest {
  private static final Offset<Double> SIX_DECIMALS = within(1e-6);
  private static final Offset<Double> EXACT =
      within(1e-12); // a few operations on numbers of size one

  private final Device device = Device.open("reference");
  private final Params params = Params.create(device, 1);

  @AfterEach
  void close() {
    params.close();
    device.close();
  }

  private DenseParameter parameter(String name, double... values) {
    DenseParameter p = params.weight(name, Shape.of(values.length), Initializers.constant(0));
    p.write(values);
    return p;
  }

  private double[] each(double[] y, double[] mu, double[] nu) {
    try (Tape tape = Tape.evaluating(device)) {
      Shape shape = Shape.of(y.length);
      return NormalLoss.of(
              tape.constant(shape, mu), tape.constant(shape, nu), tape.constant(shape, y))
          .value()
          .toDoubles();
    }
  }

  private static double[] of(Gradients gradients, DenseParameter p) {
    return requireNonNull((Gradient.Dense) gradients.of(p)).values().toDoubles();
  }

  @Test
  void theWorkedNumbers() {
    DenseParameter mu = parameter("mu", 0.8, 2.5);
    DenseParameter nu = parameter("nu", -0.2, 0.4);
    try (Tape tape = Tape.recording(device)) {
      Var each = NormalLoss.of(tape.use(mu), tape.use(nu), tape.constant(Shape.of(2), 1.0, 2.0));
      double[] found = each.value().toDoubles();
      assertThat(found[0]).isCloseTo(-0.075572, SIX_DECIMALS); // a negative loss is legal
      assertThat(found[1]).isCloseTo(0.283790, SIX_DECIMALS);
      Var mean = each.mean();
      assertThat(mean.value().item()).isCloseTo(0.104109, SIX_DECIMALS);
      Gradients g = tape.backward(mean);
      assertThat(of(g, mu)[0]).isCloseTo(-0.122140, SIX_DECIMALS);
      assertThat(of(g, mu)[1]).isCloseTo(0.167580, SIX_DECIMALS);
      assertThat(of(g, nu)[0]).isCloseTo(0.237786, SIX_DECIMALS);
      assertThat(of(g, nu)[1]).isCloseTo(0.208105, SIX_DECIMALS);
    }
  }

  @Test
  void withUnitVarianceItIsHalfTheSquaredError() {
    double[] found = each(new double[] {1, -2, 0}, new double[] {0.5, 1, 0}, new double[3]);
    assertThat(found[0]).isCloseTo(0.125, EXACT);
    assertThat(found[1]).isCloseTo(4.5, EXACT);
    assertThat(found[2]).isZero();
  }

  /// For an error e the least loss is at ν = ln e², on both sides of which it is larger.
  @Test
  void leastWhereTheVarianceIsTheSquaredError() {
    double least = Math.log(0.7 * 0.7);
    double[] found =
        each(
            new double[] {1, 1, 1},
            new double[] {0.3, 0.3, 0.3},
            new double[] {least, least - 0.01, least + 0.01});
    assertThat(found[0]).isLessThan(found[1]).isLessThan(found[2]);
    assertThat(found[0]).isCloseTo(0.5 + 0.5 * least, EXACT);
  }

  @Test
  void theGradientIsRight() {
    GradCheck.of(1)
        .input("mu", Shape.of(4))
        .input("nu", Shape.of(4))
        .input("y", Shape.of(4))
        .check(
            params,
            (_, in) ->
                Map.of(
                    "l",
                    NormalLoss.of(
                        requireNonNull(in.get("mu")),
                        requireNonNull(in.get("nu")),
                        requireNonNull(in.get("y")))))
        .orFail();
  }
}
