// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.cpu.Chunks.Pass;

/// The functions with a ln(1 + …) in them, each in several passes ([Chunks#passes]).
///
/// In one loop they are more than the compiler inlines ([Polynomials#log1p]), and five times slower. y may be x.
final class LogOnePlus {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;

  private LogOnePlus() {}

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  /// y = ln(1 + x)
  static Pass[] log1p(float[] y, float[] x) {
    return new Pass[] {
      (scratch, from, to) -> inside(scratch, x, from, to - from),
      (scratch, from, to) -> edges(y, scratch, x, from, to - from)
    };
  }

  private static void inside(float[] scratch, float[] x, int at, int n) {
    for (int i = 0; i < n; i += W) {
      Polynomials.log1pInside(load(x, at + i)).intoArray(scratch, i);
    }
  }

  private static void edges(float[] y, float[] scratch, float[] x, int at, int n) {
    for (int i = 0; i < n; i += W) {
      Polynomials.log1pEdges(load(scratch, i), load(x, at + i)).intoArray(y, at + i);
    }
  }

  /// y = ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)
  static Pass[] softplus(float[] y, float[] x) {
    return afterRest(x, (scratch, from, to) -> addPositive(y, scratch, x, from, to - from));
  }

  private static void addPositive(float[] y, float[] rest, float[] x, int at, int n) {
    for (int i = 0; i < n; i += W) {
      positive(load(x, at + i)).add(load(rest, i)).intoArray(y, at + i);
    }
  }

  /// y = ln σ(x) = −(max(−x, 0) + ln(1 + e^−|x|))
  static Pass[] logSigmoid(float[] y, float[] x) {
    return afterRest(x, (scratch, from, to) -> subtractNegative(y, scratch, x, from, to - from));
  }

  private static void subtractNegative(float[] y, float[] rest, float[] x, int at, int n) {
    for (int i = 0; i < n; i += W) {
      positive(load(x, at + i).neg()).add(load(rest, i)).neg().intoArray(y, at + i);
    }
  }

  /// max(x, 0), NaN for NaN
  static FloatVector positive(FloatVector x) {
    return x.blend(0f, x.compare(VectorOperators.LE, 0f));
  }

  /// Passes that put ln(1 + e^−|x|) into the scratch memory, and a last one that uses it.
  static Pass[] afterRest(float[] x, Pass last) {
    return new Pass[] {
      (scratch, from, to) -> exponentials(scratch, x, from, to - from),
      (scratch, from, to) -> logarithms(scratch, to - from),
      last
    };
  }

  private static void exponentials(float[] e, float[] x, int at, int n) {
    for (int i = 0; i < n; i += W) {
      Polynomials.exp(load(x, at + i).abs().neg()).intoArray(e, i);
    }
  }

  private static void logarithms(float[] e, int n) {
    for (int i = 0; i < n; i += W) {
      Polynomials.log1pOfFraction(load(e, i)).intoArray(e, i);
    }
  }
}
