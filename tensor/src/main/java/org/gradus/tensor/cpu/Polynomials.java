// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Elementary functions on vectors of [Lanes#SPECIES], made of exactly specified operations.
///
/// The lanewise transcendental functions of the Vector API may give other bits once a method is
/// compiled; these give the same bits always. Errors are in units in the last place of the float
/// nearest to the true value, against `StrictMath` in double; each bound is asserted by a sweep.
/// Special values are as in `StrictMath`, subnormal arguments and results included.
///
/// The coefficients are minimax fits of the relative error, found by iteratively reweighted least
/// squares at Chebyshev points in high precision and rounded to float.
final class Polynomials {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;

  /// 1.5 · 2²³: adding it rounds to the nearest integer, which then stands in the low bits.
  private static final float ROUND = 0x1.8p23f;

  private static final int ROUND_BITS = 0x4B400000;

  private static final float LOG2_E = 0x1.715476p0f;

  /// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
  private static final float LN2_HIGH = 0x1.62e4p-1f;

  private static final float LN2_LOW = 0x1.7f7d1cp-20f;

  private static final int BIAS = 127;

  /// The bits of the float nearest to √½.
  private static final int SQRT_HALF = 0x3F3504F3;

  private Polynomials() {}

  /// eˣ, within 1 ulp.
  ///
  /// ```
  /// x = n ln 2 + r,  |r| ≤ ½ ln 2;   eˣ = 2ⁿ (1 + r + r² p(r))
  /// ```
  static FloatVector exp(FloatVector x) {
    // Beyond these bounds the result is 0 or ∞; a NaN passes both comparisons.
    FloatVector z = clamp(x, -104f, 89f);
    FloatVector shifted = shifted(z);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = remainder(z, n);
    FloatVector p = expTail(r).fma(r.mul(r), r).add(1f);
    // 2ⁿ in two factors: the first product is exact, and the second rounds once, to a subnormal
    // too.
    IntVector exponent = shifted.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
    return p.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
  }

  /// eˣ − 1 without cancellation, within 1.5 ulp.
  static FloatVector expm1(FloatVector x) {
    FloatVector z = clamp(x, -20f, 89f);
    FloatVector shifted = shifted(z);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = remainder(z, n);
    FloatVector q = expTail(r).fma(r.mul(r), r); // eʳ − 1
    // 2ⁿ q + (2ⁿ − 1), at half scale because 2¹²⁸ is no float.
    FloatVector scale = powerOfTwo(shifted.reinterpretAsInts().sub(ROUND_BITS + 1));
    FloatVector y = q.fma(scale, scale.sub(0.5f));
    y = y.add(y);
    // At half scale a subnormal would lose a bit, and −0 its sign.
    return y.blend(x, x.abs().compare(VectorOperators.LT, 0x1p-26f));
  }

  /// ln x, within 1 ulp; −∞ at ±0, NaN below.
  ///
  /// ```
  /// x = 2ᵏ (1 + f),  √½ ≤ 1 + f < √2;   ln x = k ln 2 + f − ½ f² + f³ p(f)
  /// ```
  static FloatVector log(FloatVector x) {
    VectorMask<Float> small = x.compare(VectorOperators.LT, Float.MIN_NORMAL);
    IntVector bits = x.blend(x.mul(0x1p24f), small).reinterpretAsInts();
    IntVector k = exponentAboutOne(bits);
    FloatVector f =
        bits.sub(k.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(1f); // exact
    FloatVector exponent = toFloat(k);
    exponent = exponent.blend(exponent.sub(24f), small);
    FloatVector y = logTail(f, exponent, FloatVector.zero(S));
    return atTheEdges(y, x);
  }

  /// ln(1 + x) without cancellation, within 1.5 ulp; −∞ at −1, NaN below.
  ///
  /// Too much for one loop: a method that inlines all of it falls over the compiler's limit on nodes, and then makes
  /// objects of its vectors. [LogOnePlus] takes [#log1pInside] and [#log1pEdges] in a loop each.
  static FloatVector log1p(FloatVector x) {
    return log1pEdges(log1pInside(x), x);
  }

  /// ln(1 + x) for finite x > −1 of at least 2⁻²⁶ in magnitude.
  static FloatVector log1pInside(FloatVector x) {
    // u + lost = 1 + x exactly, whichever of the two is larger
    FloatVector u = x.add(1f);
    FloatVector fromX = u.sub(1f);
    FloatVector lost = x.sub(fromX).sub(u.sub(fromX).sub(1f));
    IntVector bits = u.reinterpretAsInts();
    IntVector k = exponentAboutOne(bits);
    IntVector shift = k.lanewise(VectorOperators.LSHL, 23);
    FloatVector m = bits.sub(shift).reinterpretAsFloats();
    // 2⁻ᵏ, and 0 from k = 127 on, where what is lost does not count
    FloatVector scale = shift.neg().add(BIAS << 23).max(0).reinterpretAsFloats();
    return logTail(m.sub(1f), toFloat(k), lost.mul(scale));
  }

  /// y = [#log1pInside] of x, made right for every other x.
  static FloatVector log1pEdges(FloatVector y, FloatVector x) {
    return atTheEdges(y, x.add(1f)).blend(x, x.abs().compare(VectorOperators.LT, 0x1p-26f));
  }

  /// tanh x, within 2.5 ulp.
  ///
  /// ```
  /// tanh |x| = −t / (2 + t),  t = e^(−2|x|) − 1
  /// ```
  static FloatVector tanh(FloatVector x) {
    FloatVector t = expm1(x.abs().mul(-2f));
    return withSignOf(x, t.div(t.add(2f)));
  }

  /// σ(x) = 1 / (1 + e⁻ˣ), within 2.5 ulp; at −100 too, where it is eˣ.
  static FloatVector sigmoid(FloatVector x) {
    FloatVector e = exp(x.abs().neg());
    FloatVector numerator = FloatVector.broadcast(S, 1f).blend(e, negative(x));
    return numerator.div(e.add(1f));
  }

  /// ln(1 + eˣ), within 2 ulp; at −100 too, where it is eˣ.
  ///
  /// Too much for one loop, as [#log1p] is.
  static FloatVector softplus(FloatVector x) {
    return log1pOfFraction(exp(x.abs().neg())).add(x.blend(0f, negative(x)));
  }

  /// ln σ(x) = −softplus(−x), within 2 ulp.
  static FloatVector logSigmoid(FloatVector x) {
    return softplus(x.neg()).neg();
  }

  /// ln(1 + e) for e in [0, 1]: the argument of the logarithm lies in [1, 2], so that its exponent is 0 or 1.
  static FloatVector log1pOfFraction(FloatVector e) {
    VectorMask<Float> upper = e.compare(VectorOperators.GT, 0x1.a8279ap-2f); // √2 − 1
    FloatVector f = e.blend(e.sub(1f).mul(0.5f), upper);
    FloatVector zero = FloatVector.zero(S);
    return logTail(f, zero.blend(1f, upper), zero);
  }

  // The pieces.

  private static FloatVector clamp(FloatVector x, float low, float high) {
    FloatVector z = x.blend(low, x.compare(VectorOperators.LT, low));
    return z.blend(high, z.compare(VectorOperators.GT, high));
  }

  private static FloatVector shifted(FloatVector x) {
    return x.fma(FloatVector.broadcast(S, LOG2_E), FloatVector.broadcast(S, ROUND));
  }

  private static FloatVector remainder(FloatVector x, FloatVector n) {
    FloatVector r = n.fma(FloatVector.broadcast(S, -LN2_HIGH), x);
    return n.fma(FloatVector.broadcast(S, -LN2_LOW), r);
  }

  /// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2; eʳ − 1 then has relative error 2⁻³¹ before rounding.
  private static FloatVector expTail(FloatVector r) {
    FloatVector p = FloatVector.broadcast(S, 0x1.a032d2p-13f);
    p = p.fma(r, FloatVector.broadcast(S, 0x1.6d7348p-10f));
    p = p.fma(r, FloatVector.broadcast(S, 0x1.11118ap-7f));
    p = p.fma(r, FloatVector.broadcast(S, 0x1.5554bp-5f));
    p = p.fma(r, FloatVector.broadcast(S, 0x1.555554p-3f));
    return p.fma(r, FloatVector.broadcast(S, 0.5f));
  }

  /// 2ⁿ for −126 ≤ n ≤ 127.
  private static FloatVector powerOfTwo(IntVector n) {
    return n.add(BIAS).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  /// The k for which 2⁻ᵏ times the float lies in [√½, √2).
  private static IntVector exponentAboutOne(IntVector bits) {
    return bits.sub(SQRT_HALF).lanewise(VectorOperators.ASHR, 23);
  }

  /// Exact for |k| < 2²²; without a conversion between vector shapes.
  private static FloatVector toFloat(IntVector k) {
    return k.add(ROUND_BITS).reinterpretAsFloats().sub(ROUND);
  }

  /// k ln 2 + ln(1 + f + lost), where lost is below half an ulp of 1 + f.
  private static FloatVector logTail(FloatVector f, FloatVector k, FloatVector lost) {
    FloatVector g = f.add(lost);
    FloatVector p = FloatVector.broadcast(S, 0x1.1462aep-4f);
    p = p.fma(g, FloatVector.broadcast(S, -0x1.de4f84p-4f));
    p = p.fma(g, FloatVector.broadcast(S, 0x1.e6f626p-4f));
    p = p.fma(g, FloatVector.broadcast(S, -0x1.fc1f72p-4f));
    p = p.fma(g, FloatVector.broadcast(S, 0x1.2336ep-3f));
    p = p.fma(g, FloatVector.broadcast(S, -0x1.555c5ap-3f));
    p = p.fma(g, FloatVector.broadcast(S, 0x1.99a4bcp-3f));
    p = p.fma(g, FloatVector.broadcast(S, -0x1.000006p-2f));
    p = p.fma(g, FloatVector.broadcast(S, 0x1.555548p-2f));
    FloatVector square = g.mul(g);
    FloatVector tail = p.mul(g).sub(0.5f).mul(square); // −½ g² + g³ p(g)
    tail = k.fma(FloatVector.broadcast(S, LN2_LOW), tail);
    return k.fma(FloatVector.broadcast(S, LN2_HIGH), g.add(tail));
  }

  /// The logarithm of 0, of negative numbers, of ∞ and of NaN.
  private static FloatVector atTheEdges(FloatVector y, FloatVector x) {
    FloatVector z = y.blend(x, x.compare(VectorOperators.EQ, Float.POSITIVE_INFINITY));
    z = z.blend(Float.NEGATIVE_INFINITY, x.compare(VectorOperators.EQ, 0f));
    // "not ≥ 0" holds for NaN too
    return z.blend(Float.NaN, x.compare(VectorOperators.GE, 0f).not());
  }

  private static VectorMask<Float> negative(FloatVector x) {
    return x.compare(VectorOperators.LT, 0f);
  }

  private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
    IntVector sign = x.reinterpretAsInts().and(Integer.MIN_VALUE);
    return magnitude.abs().reinterpretAsInts().or(sign).reinterpretAsFloats();
  }
}
