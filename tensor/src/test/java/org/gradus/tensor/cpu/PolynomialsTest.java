// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each function against `StrictMath` in double, at bit patterns of every sign and exponent, densely
/// where the functions bend, and at the special values.
class PolynomialsTest {
  /// Prime, so that the low bits of the patterns vary: 1.4 million floats of the 2³².
  private static final int STRIDE = 3001;

  /// A function, its oracle, and the bound that its documentation states.
  record Function(
      String name, UnaryOperator<FloatVector> vector, DoubleUnaryOperator exact, double ulps) {
    float at(float x) {
      return PolynomialsTest.at(vector, x);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static List<Function> functions() {
    return List.of(
        new Function("exp", Polynomials::exp, StrictMath::exp, 1),
        new Function("expm1", Polynomials::expm1, StrictMath::expm1, 1.5),
        new Function("log", Polynomials::log, StrictMath::log, 1),
        new Function("log1p", Polynomials::log1p, StrictMath::log1p, 1.5),
        new Function("tanh", Polynomials::tanh, StrictMath::tanh, 2.5),
        new Function("sigmoid", Polynomials::sigmoid, PolynomialsTest::sigmoid, 2.5),
        new Function("softplus", Polynomials::softplus, PolynomialsTest::softplus, 2),
        new Function("logSigmoid", Polynomials::logSigmoid, x -> -softplus(-x), 2));
  }

  @ParameterizedTest
  @MethodSource("functions")
  void staysWithinItsBoundAtEveryExponent(Function f) {
    Sweep sweep = new Sweep(f);
    for (long bits = Integer.MIN_VALUE; bits <= Integer.MAX_VALUE; bits += STRIDE) {
      sweep.add(Float.intBitsToFloat((int) bits));
    }
    sweep.finish();
  }

  @ParameterizedTest
  @MethodSource("functions")
  void staysWithinItsBoundWhereItBends(Function f) {
    Sweep sweep = new Sweep(f);
    for (int i = -150_000; i <= 150_000; i++) {
      sweep.add(i * 1.3e-4f); // ±19.5
      sweep.add(1 + i * 6e-6f); // about the 1 of the logarithm
    }
    for (float edge : new float[] {-104, -103.28f, -88.03f, -87.34f, -20, -17.3f, 88.722f, 89}) {
      for (int i = -500; i <= 500; i++) {
        sweep.add(Float.intBitsToFloat(Float.floatToIntBits(edge) + i));
      }
    }
    sweep.finish();
  }

  @ParameterizedTest
  @MethodSource("functions")
  void agreesWithStrictMathAtSpecialValues(Function f) {
    float[] specials = {
      0f,
      -0f,
      1f,
      -1f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MIN_NORMAL,
      -Float.MIN_NORMAL,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      Math.nextDown(-1f),
      Math.nextUp(-1f),
      0x1p-127f,
      0x1p24f,
      0x1p127f
    };
    for (float x : specials) {
      double exact = f.exact.applyAsDouble(x);
      float y = f.at(x);
      if (exact == 0 || Double.isNaN(exact) || Float.isInfinite((float) exact)) {
        // as objects: NaN equals NaN, and −0 differs from 0
        assertThat(y).as("%s(%s)", f, x).isEqualTo(Float.valueOf((float) exact));
      } else {
        assertThat(ulps(y, exact)).as("%s(%s) = %s", f, x, y).isLessThanOrEqualTo(f.ulps);
      }
    }
  }

  @Test
  void keepsTinyResults() {
    float tiny = (float) StrictMath.exp(-100);
    assertThat(at(Polynomials::softplus, -100f)).isEqualTo(tiny).isPositive();
    assertThat(at(Polynomials::sigmoid, -100f)).isEqualTo(tiny).isPositive();
    assertThat(at(Polynomials::logSigmoid, 100f)).isEqualTo(-tiny);
    assertThat(at(Polynomials::log1p, 1e-30f)).isEqualTo(1e-30f);
    assertThat(at(Polynomials::tanh, 1e-30f)).isEqualTo(1e-30f);
  }

  @ParameterizedTest
  @MethodSource("functions")
  void givesEachLaneWhatItGivesTheValueAlone(Function f) {
    for (float start : new float[] {-110, -3, 0, 0.3f, 80}) {
      float[] x = new float[Lanes.WIDTH];
      for (int i = 0; i < x.length; i++) {
        x[i] = start + 0.37f * i;
      }
      FloatVector y = f.vector.apply(FloatVector.fromArray(Lanes.SPECIES, x, 0));
      for (int i = 0; i < x.length; i++) {
        assertThat(y.lane(i)).as("%s(%s)", f, x[i]).isEqualTo(Float.valueOf(f.at(x[i])));
      }
    }
  }

  private static float at(UnaryOperator<FloatVector> f, float x) {
    return f.apply(FloatVector.broadcast(Lanes.SPECIES, x)).lane(0);
  }

  private static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + StrictMath.exp(-x)) : StrictMath.exp(x) / (1 + StrictMath.exp(x));
  }

  private static double softplus(double x) {
    return (x > 0 ? x : x <= 0 ? 0 : x) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
  }

  /// The distance between y and the exact value, in units in the last place of the latter as float.
  static double ulps(float y, double exact) {
    float nearest = (float) exact;
    if (Double.isNaN(exact)) {
      return Float.isNaN(y) ? 0 : Double.POSITIVE_INFINITY;
    }
    if (Float.isInfinite(nearest) && y == nearest) {
      return 0;
    }
    // ulp(∞) is ∞; the spacing below it is that of the largest float
    float unit = Math.ulp(Math.min(Math.abs(nearest), Float.MAX_VALUE));
    return Math.abs(y - exact) / unit;
  }

  /// Fills a vector with arguments, evaluates it, and remembers the worst result.
  private static final class Sweep {
    private final Function f;
    private final float[] x = new float[1024];
    private final float[] y = new float[1024];
    private int filled;
    private double worst;
    private float worstAt;

    Sweep(Function f) {
      this.f = f;
    }

    void add(float value) {
      x[filled++] = value;
      if (filled == x.length) {
        flush();
      }
    }

    private void flush() {
      for (int i = 0; i < x.length; i += Lanes.WIDTH) {
        f.vector.apply(FloatVector.fromArray(Lanes.SPECIES, x, i)).intoArray(y, i);
      }
      for (int i = 0; i < filled; i++) {
        double error = ulps(y[i], f.exact.applyAsDouble(x[i]));
        if (!(error <= worst)) {
          worst = error;
          worstAt = x[i];
        }
      }
      filled = 0;
    }

    void finish() {
      flush();
      assertThat(worst)
          .as("%s is furthest off at %s = %s", f, worstAt, Float.toHexString(worstAt))
          .isLessThanOrEqualTo(f.ulps)
          .isPositive();
    }
  }
}
