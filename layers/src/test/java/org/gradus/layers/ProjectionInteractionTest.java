// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.gradus.layers.Bench.EXACT;
import static org.gradus.layers.Bench.SIX_DECIMALS;
import static org.gradus.layers.Bench.assertClose;
import static org.gradus.layers.Bench.normal;
import static org.gradus.layers.Bench.numbers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.GradCheck;
import org.gradus.autograd.Mutation;
import org.gradus.autograd.Objective;
import org.gradus.autograd.Var;
import org.gradus.tensor.Device;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The projection interaction: an example worked by hand, and invariants.
class ProjectionInteractionTest {
  private static final double[] Y = {.5, 1, 0, 2};
  private static final double[] Z = {1, 0, 2, .5, 1.5, .25};

  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  /// D = 2, F₁ = 2, F₂ = 3, and branches whose outputs are their biases.
  private ProjectionInteraction constant(double[] y, double[] z) {
    ProjectionInteraction projection =
        new ProjectionInteraction(
            3, 2, List.of(List.of(4), List.of(6)), Mlp.Style.RELU, bench.params);
    bench.set("branch1/0/weight", new double[12]);
    bench.set("branch2/0/weight", new double[18]);
    bench.set("branch1/0/bias", y);
    bench.set("branch2/0/bias", z);
    return projection;
  }

  private double[] run(ProjectionInteraction projection) {
    return numbers(projection.forward(bench.variable(Shape.of(1, 3), 1, 2, 3), bench.training));
  }

  @Test
  void workedExampleWithGradients() {
    ProjectionInteraction projection = constant(Y, Z);
    assertThat(projection.out()).isEqualTo(6);
    Var x0 = bench.variable(Shape.of(1, 3), 1, 2, 3);
    Var i = projection.forward(x0, bench.training);
    assertThat(i.shape()).isEqualTo(Shape.of(1, 6));
    assertClose(numbers(i), new double[] {1, 1.5, 1.25, 1, 3, .5}, SIX_DECIMALS);
    var gradients = bench.tape.backward(i, bench.upload(Shape.of(1, 6), 1, -1, .5, .2, 0, -.3));
    // y₂ and z₁ are 0, where the ReLU lets nothing through
    assertClose(
        bench.gradient(gradients, "branch1/0/bias"),
        new double[] {2, -.875, 0, .025},
        SIX_DECIMALS);
    assertClose(
        bench.gradient(gradients, "branch2/0/bias"),
        new double[] {.5, 0, .25, 1.4, -1, -.1},
        SIX_DECIMALS);
  }

  /// Without the ReLU every number of the worked gradients shows.
  @Test
  void workedGradientsWithoutActivation() {
    ProjectionInteraction projection =
        new ProjectionInteraction(
            3,
            2,
            List.of(List.of(4), List.of(6)),
            new Mlp.Style(Activation.IDENTITY, 0, false, LinearInit.XAVIER),
            bench.params);
    bench.set("branch1/0/weight", new double[12]);
    bench.set("branch2/0/weight", new double[18]);
    bench.set("branch1/0/bias", Y);
    bench.set("branch2/0/bias", Z);
    Var i = projection.forward(bench.variable(Shape.of(1, 3), 1, 2, 3), bench.training);
    var gradients = bench.tape.backward(i, bench.upload(Shape.of(1, 6), 1, -1, .5, .2, 0, -.3));
    assertClose(
        bench.gradient(gradients, "branch1/0/bias"),
        new double[] {2, -.875, -.4, .025},
        SIX_DECIMALS);
    assertClose(
        bench.gradient(gradients, "branch2/0/bias"),
        new double[] {.5, -.5, .25, 1.4, -1, -.1},
        SIX_DECIMALS);
  }

  @Test
  void itIsBilinearInTheBranches() {
    double[] once = run(constant(Y, Z));
    bench.set("branch1/0/bias", Arrays.stream(Y).map(v -> 3 * v).toArray());
    bench.set("branch2/0/bias", Arrays.stream(Z).map(v -> 2 * v).toArray());
    ProjectionInteraction same =
        new ProjectionInteraction(
            3, 2, List.of(List.of(4), List.of(6)), Mlp.Style.RELU, bench.params.at("same"));
    for (String name :
        List.of("branch1/0/weight", "branch1/0/bias", "branch2/0/weight", "branch2/0/bias")) {
      bench.set("same/" + name, bench.get(name));
    }
    assertClose(run(same), Arrays.stream(once).map(v -> 6 * v).toArray(), EXACT);
    bench.set("same/branch1/0/bias", 0, 0, 0, 0);
    assertThat(run(same)).containsOnly(0);
  }

  /// Both branches end in a ReLU.
  @Test
  void noProductIsNegative() {
    ProjectionInteraction projection =
        new ProjectionInteraction(
            6, 3, List.of(List.of(5, 6), List.of(9)), Mlp.Style.RELU, bench.params);
    double[] i =
        numbers(
            projection.forward(bench.variable(Shape.of(20, 6), normal(1, 120)), bench.training));
    assertThat(i).hasSize(20 * 2 * 3);
    assertThat(Arrays.stream(i)).allMatch(v -> v >= 0).anyMatch(v -> v > 0);
  }

  @Test
  void aBranchMustEndInAMultipleOfTheWidth() {
    assertThatThrownBy(
            () ->
                new ProjectionInteraction(
                    6, 4, List.of(List.of(8), List.of(6)), Mlp.Style.RELU, bench.params))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "projection: branch [6]. Expected a last size that is a multiple of the embedding"
                + " width 4.");
    assertThatThrownBy(
            () ->
                new ProjectionInteraction(6, 4, List.of(List.of(8)), Mlp.Style.RELU, bench.params))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 branches");
  }

  private static final Mlp.Style TANH = new Mlp.Style(Activation.TANH, 0, false, LinearInit.XAVIER);

  private static Objective.Builder objective(Mlp.Style style) {
    return params -> {
      ProjectionInteraction projection =
          new ProjectionInteraction(4, 2, List.of(List.of(3, 4), List.of(6)), style, params);
      return (mode, in) -> Map.of("y", projection.forward(in.get("x"), mode));
    };
  }

  @Test
  void gradientsAreRight() {
    try (Device reference = Device.open("reference")) {
      for (long seed : new long[] {1, 20, 300}) {
        GradCheck check = GradCheck.of(seed).input("x", Shape.of(4, 4));
        check.check(reference, objective(Mlp.Style.RELU)).orFail();
      }
    }
  }

  /// With tanh, since a wrong number for a unit that ReLU turned off shows nowhere. The shapes are changed twice on the
  /// way back, so two wrong signs there make a right one.
  @Test
  void mutantsFail() {
    Bench.verify(
        GradCheck.of(0).input("x", Shape.of(4, 4)),
        objective(TANH),
        m -> m.op().equals("reshape") && m.kind() == Mutation.Kind.SIGN);
  }
}
