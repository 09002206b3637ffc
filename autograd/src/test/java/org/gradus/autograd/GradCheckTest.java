// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.CheckReport.Verdict;
import org.gradus.autograd.Mutation.Contribution;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The check itself, on objectives made by hand for which the right answer is known.
class GradCheckTest {
  private Device reference;
  private Params params;

  @BeforeEach
  void open() {
    reference = Device.open("reference");
    params = Params.create(reference, 1);
  }

  @AfterEach
  void close() {
    params.close();
    reference.close();
  }

  private static Var cube(Var x) {
    return HandMade.function("cube", x, v -> v * v * v, v -> 3 * v * v);
  }

  @Test
  void findsTheKnownDerivativeBothWays() {
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.scalar(), 2)
            .check(params, (_, in) -> Map.of("loss", cube(in.get("x"))))
            .orFail();
    // d x³ = 3x² = 12; D(h) is off by h² = 1e-8, extrapolation removes that and leaves rounding, 8
    // · 2⁻⁵³/h = 9e-12
    assertThat(report.row("x").measured().analytic()).isEqualTo(12);
    assertThat(report.row("x").measured().numeric()).isEqualTo(12, within(2e-11));
    assertThat(report.row("x").measured().floor()).isCloseTo(3e-8, within(1e-10));
    assertThat(report.row("x").coverage()).hasToString("1 of 1");
  }

  @Test
  void weighsOutputsAtRandomAndCountsLossesAsTheyAre() {
    Shape shape = Shape.of(50);
    double[] ones = new double[50];
    Arrays.fill(ones, 1);
    CheckReport report =
        GradCheck.of(5)
            .input("x", shape, ones)
            .input("z", Shape.scalar(), 1)
            .check(params, (_, in) -> Map.of("y", cube(in.get("x")), "l", cube(in.get("z"))))
            .orFail();
    assertThat(report.row("z").measured().analytic()).isEqualTo(3);
    assertThat(report.row("x").measured().analytic()).isNotEqualTo(3); // 3 max|R|
  }

  @Test
  void namesTensorPlaceValuesBoundAndSeedOfAWrongGradient() {
    GradCheck check = GradCheck.of(77).input("x", Shape.of(2, 3), 1, 1, 1, 1, 1, 5);
    CheckReport report =
        check.check(
            params,
            (_, in) ->
                Map.of(
                    "y",
                    HandMade.function("square", in.get("x"), v -> v * v, v -> v == 5 ? 0 : 2 * v)));
    assertThat(report.passed()).isFalse();
    assertThat(report.row("x").verdict()).isEqualTo(Verdict.FAIL);
    assertThatThrownBy(report::orFail)
        .isInstanceOf(GradCheck.Failure.class)
        .hasMessageContaining("x: at [1, 2] analytic 0.0")
        .hasMessageContaining("numeric ")
        .hasMessageContaining("allowed ")
        .hasMessageContaining("seed 77");
  }

  @Test
  void drawsEveryParameterItselfAndGivesBackWhatItHeld() {
    DenseParameter w = params.weight("w", Shape.of(3, 2), Initializers.zeros());
    DenseParameter b = params.bias("b", Shape.of(2));
    b.write(7.0, 8.0);
    // At w = 0 the derivative of w³ is 0 everywhere: only a point of the check's own shows it.
    CheckReport report =
        GradCheck.of(5)
            .check(
                params,
                (mode, _) -> Map.of("y", cube(mode.tape().use(w)).add(cube(mode.tape().use(b)))));
    assertThat(report.orFail().rows()).extracting(CheckReport.Row::path).containsExactly("b", "w");
    assertThat(w.value().toDoubles()).containsOnly(0);
    assertThat(b.value().toDoubles()).containsExactly(7, 8);
  }

  @Test
  void failsATensorThatNothingObserves() {
    DenseParameter w = params.weight("w", Shape.of(3), Initializers.zeros());
    DenseParameter unused = params.weight("unused", Shape.of(2), Initializers.zeros());
    CheckReport report =
        GradCheck.of(5).check(params, (mode, _) -> Map.of("y", cube(mode.tape().use(w))));
    assertThat(report.row("w").verdict()).isEqualTo(Verdict.PASS);
    assertThat(report.row(unused.path()).verdict()).isEqualTo(Verdict.UNOBSERVED);
    assertThat(report.passed()).isFalse();
  }

  /// Where x is positive only a shows, elsewhere only b: one point observes either, and a wrong one is found at its own.
  @Test
  void tensorsMayBeObservedAtDifferentPoints() {
    GradCheck check =
        GradCheck.of(5)
            .input("x", Shape.scalar())
            .input("a", Shape.scalar())
            .input("b", Shape.scalar());
    CheckReport right = check.check(params, either(1, 1)).orFail();
    assertThat(right.rows()).extracting(CheckReport.Row::verdict).containsOnly(Verdict.PASS);
    assertThat(right.coordinates()).as("three a point").isGreaterThanOrEqualTo(6);
    assertThat(check.check(params, either(1.01, 1)).row("a").verdict()).isEqualTo(Verdict.FAIL);
    assertThat(check.check(params, either(1, 1.01)).row("b").verdict()).isEqualTo(Verdict.FAIL);
  }

  /// relu(x) a + relu(−x) b, with slopes of a and b that may be wrong.
  private static Objective either(double slopeOfA, double slopeOfB) {
    return (_, in) -> {
      Var a = HandMade.function("a", in.get("a"), v -> v, _ -> slopeOfA);
      Var b = HandMade.function("b", in.get("b"), v -> v, _ -> slopeOfB);
      Var up = HandMade.relu(in.get("x")).multiply(a);
      return Map.of("y", up.add(HandMade.relu(in.get("x").negate()).multiply(b)));
    };
  }

  @Test
  void failsAGradientTooSmallForItsNoise() {
    // y = 1 + 1e-12 x: right, but below 1000 · 2⁻⁵² / h = 2e-9
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.scalar(), 0.5)
            .check(
                params,
                (_, in) ->
                    Map.of(
                        "y",
                        HandMade.function("tiny", in.get("x"), v -> 1 + 1e-12 * v, _ -> 1e-12)));
    assertThat(report.row("x").verdict()).isEqualTo(Verdict.UNOBSERVED);
  }

  /// Where no step moves any output, a derivative too small to move one is no error, and a larger one is.
  @Test
  void allowsWhatRoundsAwayWhereNothingMoves() {
    GradCheck check = GradCheck.of(5).input("x", Shape.of(3));
    assertThat(check.check(params, constant(1e-17)).row("x").verdict())
        .isEqualTo(Verdict.UNOBSERVED);
    CheckReport listed = check.structurallyZero("x", "a constant").check(params, constant(1e-17));
    assertThat(listed.orFail().row("x").verdict()).isEqualTo(Verdict.STRUCTURAL_ZERO);
    assertThat(check.check(params, constant(1e-10)).row("x").verdict()).isEqualTo(Verdict.FAIL);
  }

  /// 1 whatever x is, with a derivative that says otherwise.
  private static Objective constant(double derivative) {
    return (_, in) ->
        Map.of("y", HandMade.function("constant", in.get("x"), _ -> 1, _ -> derivative));
  }

  @Test
  void takesStructuralZerosAtTheirWordOnlyWhenTheyAreZero() {
    Objective centered =
        (_, in) -> Map.of("y", cube(HandMade.center(in.get("x").add(in.get("bias")))));
    GradCheck check = GradCheck.of(5).input("x", Shape.of(5)).input("bias", Shape.of(1));
    assertThat(check.check(params, centered).row("bias").verdict()).isEqualTo(Verdict.UNOBSERVED);

    CheckReport listed =
        check.structurallyZero("bias", "a constant, then centred").check(params, centered);
    assertThat(listed.orFail().row("bias").verdict()).isEqualTo(Verdict.STRUCTURAL_ZERO);
    assertThat(listed.report()).contains("a constant, then centred");

    CheckReport lied = check.structurallyZero("x", "it is not").check(params, centered);
    assertThat(lied.row("x").verdict()).isEqualTo(Verdict.FAIL);
    assertThat(lied.row("x").detail()).contains("it is not");

    assertThatThrownBy(() -> check.structurallyZero("z", "typo").check(params, centered))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("z is listed")
        .hasMessageContaining("[x, bias]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 30})
  void neverTakesNoiseForAGradient(int columns) {
    // A constant per column, centred away: whatever n is, it is rounding noise, magnified where
    // 1000 cancels.
    for (long seed = 0; seed < 25; seed++) {
      CheckReport report =
          GradCheck.of(seed)
              .input("x", Shape.of(5, columns))
              .input("bias", Shape.of(columns))
              .structurallyZero("bias", "a constant, then centred")
              .check(
                  params,
                  (_, in) -> {
                    Var z = in.get("x").add(1000).add(in.get("bias"));
                    return Map.of("y", cube(z.subtract(z.mean(0, true))));
                  });
      assertThat(report.row("bias").verdict()).isEqualTo(Verdict.STRUCTURAL_ZERO);
      assertThat(report.passed()).isTrue();
    }
  }

  @Test
  void redrawsThePointBesideAKink() {
    // Half of the coordinates lie within h of the kink in each draw; 8 draws leave 1 in 256.
    GradCheck check = GradCheck.of(5).input("x", Shape.of(100), Draw.uniform(-2e-4, 2e-4));
    CheckReport report =
        check.check(params, (_, in) -> Map.of("y", HandMade.relu(in.get("x")))).orFail();
    assertThat(report.row("x").coverage().checked()).isGreaterThanOrEqualTo(99);
  }

  @Test
  void doesNotExcuseDisagreementBesideAnUnrecordedKink() {
    GradCheck check = GradCheck.of(5).input("x", Shape.of(100), Draw.uniform(-2e-4, 2e-4));
    CheckReport report =
        check.check(params, (_, in) -> Map.of("y", HandMade.silentRelu(in.get("x"))));
    assertThat(report.row("x").verdict()).isEqualTo(Verdict.FAIL);
    assertThat(report.unresolved()).isZero();
  }

  @Test
  void findsAWrongSlopeOnOneSideOfAKink() {
    GradCheck check = GradCheck.of(5).input("x", Shape.of(20));
    CheckReport report =
        check.check(
            params,
            (mode, in) -> {
              Var x = in.get("x");
              HandMade.relu(x); // records the branches
              return Map.of(
                  "y",
                  HandMade.function("leaky", x, v -> v > 0 ? v : 0.1 * v, v -> v > 0 ? 1 : 0.2));
            });
    assertThat(report.row("x").verdict()).isEqualTo(Verdict.FAIL);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 10})
  void givesUpOnePercentOfDerivativesAndNoMore(int kinks) {
    double[] x = new double[200];
    Arrays.setAll(x, i -> i < kinks ? 0 : 0.5 + i);
    CheckReport report =
        GradCheck.of(5)
            .extent(200, 1)
            .input("x", Shape.of(200), x)
            .check(params, (_, in) -> Map.of("y", HandMade.relu(in.get("x"))));
    assertThat(report.unresolved()).isEqualTo(kinks);
    assertThat(report.coordinates()).isEqualTo(200);
    assertThat(report.passed()).isEqualTo(kinks <= 2);
  }

  @Test
  void replaysTheUnperturbedValueBehindStopGradient() {
    // d (x · stop(x)) = stop(x), although x² has slope 2x
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.scalar(), 3)
            .check(
                params,
                (_, in) -> {
                  Var x = in.get("x");
                  return Map.of("loss", x.multiply(HandMade.stop(x)));
                })
            .orFail();
    assertThat(report.row("x").measured().numeric()).isEqualTo(3, within(1e-10));
  }

  @Test
  void failsAForwardPassWithSideEffects() {
    DenseParameter count = params.state("count", Shape.of(1), 0);
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.of(3))
            .check(
                params,
                (_, in) -> {
                  count.write(count.value().toDoubles()[0] + 1);
                  return Map.of("y", cube(in.get("x")));
                });
    assertThat(report.passed()).isFalse();
    assertThat(report.problems()).singleElement().asString().startsWith("count changed");
    assertThat(count.value().toDoubles()).containsExactly(0);
  }

  @Test
  void failsAForwardPassThatIsNotAFunction() {
    int[] calls = {0};
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.of(3))
            .check(
                params,
                (mode, in) ->
                    Map.of(
                        "y",
                        cube(in.get("x"))
                            .add(mode.tape().constant(Shape.scalar(), (double) calls[0]++))));
    assertThat(report.problems()).singleElement().asString().startsWith("output y differs");
  }

  @Test
  void drawsTheSameRandomNumbersInEveryPass() {
    GradCheck.of(5)
        .input("x", Shape.of(3))
        .check(
            params,
            (mode, in) -> {
              double factor = (mode.draw("dropout") >>> 40) * 0x1p-24 + 1;
              return Map.of(
                  "y", cube(in.get("x")).multiply(mode.tape().constant(Shape.scalar(), factor)));
            })
        .orFail();
  }

  @Test
  void checksLookedUpRowsAndThatOthersHaveNoGradient() {
    TableParameter table = params.table("t", 6, 2, 0, Initializers.normal(1));
    int[] ids = {0, 2, 3};
    // Row 0 is padding: zero, and no gradient although it was looked up.
    CheckReport report =
        GradCheck.of(5)
            .check(params, (mode, _) -> lookUp(mode.tape(), table, ids, new int[] {2, 3}, 1));
    assertThat(report.orFail().row("t").coverage()).hasToString("10 of 12");
    double[] padding = new double[2];
    table.table().read(0, padding);
    assertThat(padding).containsOnly(0);
  }

  @Test
  void failsWrongRowGradients() {
    TableParameter table = params.table("t", 6, 2, 0, Initializers.normal(1));
    int[] ids = {0, 2, 3};
    assertThatThrownBy(() -> lookUp(table, ids, new int[] {0, 2, 3}, 0).orFail())
        .isInstanceOf(GradCheck.Failure.class)
        .hasMessageContaining("t: padding row 0 gets gradient");
    assertThatThrownBy(() -> lookUp(table, ids, new int[] {3, 2}, 1).orFail())
        .isInstanceOf(GradCheck.Failure.class)
        .hasMessageContaining("each once, rising");
    assertThat(lookUp(table, ids, new int[] {2}, 1).row("t").verdict()).isEqualTo(Verdict.FAIL);
    assertThat(lookUp(table, ids, new int[] {2, 4}, 1).problems())
        .singleElement()
        .asString()
        .startsWith("t: row 4 moves no output and has gradient");
  }

  private CheckReport lookUp(TableParameter table, int[] ids, int[] named, int from) {
    return GradCheck.of(5).check(params, (mode, _) -> lookUp(mode.tape(), table, ids, named, from));
  }

  private static Map<String, Var> lookUp(
      Tape tape, TableParameter table, int[] ids, int[] named, int from) {
    Var y = HandMade.rows(tape, table, ids, named, from);
    return Map.of("y", HandMade.function("f", y, v -> v * v * v + v, v -> 3 * v * v + 1));
  }

  @Test
  void takesDirectionsInLargeTensorsAndSeesOneWrongComponent() {
    GradCheck check = GradCheck.of(5).input("x", Shape.of(2000));
    CheckReport right = check.check(params, (_, in) -> Map.of("y", cube(in.get("x")))).orFail();
    assertThat(right.row("x").coverage()).hasToString("24 directions");
    CheckReport wrong =
        check
            .mutated(new Mutation("cube", 0, Mutation.Kind.COMPONENT))
            .check(params, (_, in) -> Map.of("y", cube(in.get("x"))));
    assertThat(wrong.row("x").verdict()).isEqualTo(Verdict.FAIL);
  }

  @ParameterizedTest
  @EnumSource(Mutation.Kind.class)
  void findsEveryMutation(Mutation.Kind kind) {
    Objective objective =
        (_, in) -> Map.of("y", in.get("x").multiply(in.get("w")).add(in.get("b")).sigmoid());
    GradCheck check =
        GradCheck.of(5).input("x", Shape.of(4, 3)).input("w", Shape.of(3)).input("b", Shape.of(1));
    check.check(params, objective).orFail();
    assertThat(check.contributions(params, objective))
        .containsExactlyInAnyOrder(
            new Contribution("sigmoid", 0),
            new Contribution("add", 0),
            new Contribution("add", 1),
            new Contribution("multiply", 0),
            new Contribution("multiply", 1));
    for (Contribution c : check.contributions(params, objective)) {
      Mutation mutation = new Mutation(c.op(), c.input(), kind);
      assertThat(check.mutated(mutation).check(params, objective).passed())
          .as(mutation.toString())
          .isFalse();
    }
    assertThat(check.survivors(params, objective)).isEmpty();
  }

  @Test
  void namesTheMutationsThatACheckCannotSee() {
    // y = x + 1e-9 x: whatever the second term passes back is below 1e-6 of the first
    Objective objective =
        (_, in) ->
            Map.of(
                "y",
                HandMade.function("large", in.get("x"), v -> v, _ -> 1)
                    .add(HandMade.function("small", in.get("x"), v -> 1e-9 * v, _ -> 1e-9)));
    GradCheck check = GradCheck.of(5).input("x", Shape.of(3));
    assertThat(check.survivors(params, objective))
        .containsOnlyOnceElementsOf(new Contribution("small", 0).mutations())
        .containsOnlyOnceElementsOf(new Contribution("add", 1).mutations())
        .hasSize(8);
  }

  @Test
  void doesNotCountMutantsOfACheckThatFailsAnyway() {
    Objective wrong =
        (_, in) -> Map.of("y", HandMade.function("f", in.get("x"), v -> v * v, v -> v));
    GradCheck check = GradCheck.of(5).input("x", Shape.of(3));
    assertThatThrownBy(() -> check.survivors(params, wrong)).isInstanceOf(GradCheck.Failure.class);
  }

  @Test
  void refusesAMutationThatMeetsNothing() {
    assertThatThrownBy(
            () ->
                GradCheck.of(5)
                    .input("x", Shape.of(3))
                    .mutated(new Mutation("softmax", 0, Mutation.Kind.SIGN))
                    .check(params, (_, in) -> Map.of("y", cube(in.get("x")))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("softmax")
        .hasMessageContaining("cube");
  }

  @Test
  void failsNumbersThatAreNone() {
    CheckReport report =
        GradCheck.of(5)
            .input("x", Shape.of(3))
            .check(
                params,
                (_, in) ->
                    Map.of(
                        "y", HandMade.function("nan", in.get("x"), v -> v, v -> v > 0 ? NaN : 1)));
    assertThat(report.row("x").verdict()).isEqualTo(Verdict.FAIL);
  }

  private static final double NaN = Double.NaN;

  @Test
  void isTheSameUnderTheSameSeed() {
    GradCheck check = GradCheck.of(5).input("x", Shape.of(3));
    Objective objective = (_, in) -> Map.of("y", cube(in.get("x")));
    assertThat(check.check(params, objective)).isEqualTo(check.check(params, objective));
    assertThat(check.seed(6).check(params, objective).row("x").measured())
        .isNotEqualTo(check.check(params, objective).row("x").measured());
  }
}
