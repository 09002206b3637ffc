// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// Elementary functions on vectors of [Lanes#SPECIES], made of exactly specified operations.
///
/// The lanewise transcendental functions of the Vector API may give other bits once a method is
/// compiled; these give the same bits always. Errors are in units in the last place of the float
/// nearest to the true value, against `StrictMath` in double; each bound is asserted by a sweep.
/// Special values are as in `StrictMath`, subnormal arguments and results included.
///
/// Call at most one of them in the body of a loop: two of the longer ones exceed what the optimising
/// compiler inlines (its node count, -XX:NodeCountInliningCutoff), and then vectors are boxed. Compose
/// them by loops over a block that stays in the cache.
///
/// The coefficients are minimax fits of the relative error, found by iteratively reweighted least
/// squares at Chebyshev points in high precision and rounded to float.
final class Polynomials {
  // Constants are kept as vectors, because each broadcast inside a function adds to what the
  // optimising
  // compiler must inline; when that is too much, it boxes the vectors and a loop runs ten times
  // slower.

  /// 1.5 · 2²³: adding it rounds to the nearest integer, which then stands in the low bits.
  private static final float ROUND_TO_INTEGER = 0x1.8p23f;

  private static final FloatVector ROUND = of(ROUND_TO_INTEGER);
  private static final IntVector ROUND_BITS = bits(ROUND_TO_INTEGER);
  private static final IntVector ROUND_BITS_PLUS_1 = bits(ROUND_TO_INTEGER + 1);
  private static final FloatVector ZERO = of(0f);
  private static final FloatVector HALF = of(0.5f);
  private static final FloatVector ONE = of(1f);
  private static final FloatVector MINUS_TWO = of(-2f);
  private static final FloatVector TWO = of(2f);
  private static final FloatVector INFINITY = of(Float.POSITIVE_INFINITY);
  private static final FloatVector MINUS_INFINITY = of(Float.NEGATIVE_INFINITY);
  private static final FloatVector NAN = of(Float.NaN);
  private static final IntVector ONE_BITS = bits(1f);
  private static final IntVector ZERO_BITS = bits(0f);
  private static final IntVector SIGN = bits(-0f);

  private static final FloatVector LOG2_E = of(0x1.715476p0f);

  /// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
  private static final FloatVector LN2_HIGH = of(0x1.62e4p-1f);

  private static final FloatVector LN2_LOW = of(0x1.7f7d1cp-20f);
  private static final FloatVector MINUS_LN2_HIGH = of(-0x1.62e4p-1f);
  private static final FloatVector MINUS_LN2_LOW = of(-0x1.7f7d1cp-20f);

  /// Beyond these, eˣ is 0 or ∞, and eˣ − 1 is −1 or ∞.
  private static final FloatVector EXP_LOW = of(-104f);

  private static final FloatVector EXP_HIGH = of(89f);
  private static final FloatVector EXPM1_LOW = of(-20f);

  /// Below this |x|, both eˣ − 1 and ln(1 + x) round to x.
  private static final FloatVector TINY = of(0x1p-26f);

  private static final FloatVector E2 = HALF;
  private static final FloatVector E3 = of(0x1.555554p-3f);
  private static final FloatVector E4 = of(0x1.5554bp-5f);
  private static final FloatVector E5 = of(0x1.11118ap-7f);
  private static final FloatVector E6 = of(0x1.6d7348p-10f);
  private static final FloatVector E7 = of(0x1.a032d2p-13f);

  private static final FloatVector L3 = of(0x1.555548p-2f);
  private static final FloatVector L4 = of(-0x1.000006p-2f);
  private static final FloatVector L5 = of(0x1.99a4bcp-3f);
  private static final FloatVector L6 = of(-0x1.555c5ap-3f);
  private static final FloatVector L7 = of(0x1.2336ep-3f);
  private static final FloatVector L8 = of(-0x1.fc1f72p-4f);
  private static final FloatVector L9 = of(0x1.e6f626p-4f);
  private static final FloatVector L10 = of(-0x1.de4f84p-4f);
  private static final FloatVector L11 = of(0x1.1462aep-4f);
  private static final FloatVector MINUS_HALF = of(-0.5f);

  private static final FloatVector MIN_NORMAL = of(Float.MIN_NORMAL);
  private static final FloatVector TWO_24 = of(0x1p24f);
  private static final FloatVector MINUS_24 = of(-24f);
  private static final FloatVector SQRT_2_MINUS_1 = of(0x1.a8279ap-2f);
  private static final IntVector SQRT_HALF_BITS = bits(0x1.6a09e6p-1f);

  private Polynomials() {}

  private static FloatVector of(float value) {
    return FloatVector.broadcast(Lanes.SPECIES, value);
  }

  private static IntVector bits(float value) {
    return of(value).reinterpretAsInts();
  }

  /// eˣ, within 1 ulp.
  ///
  /// ```
  /// x = n ln 2 + r,  |r| ≤ ½ ln 2;   eˣ = 2ⁿ (1 + r + r² p(r))
  /// ```
  static FloatVector exp(FloatVector x) {
    // A NaN passes both comparisons.
    return expInRange(clamp(x, EXP_LOW, EXP_HIGH));
  }

  /// e^(−|x|), with half the comparisons.
  private static FloatVector expOfMinusAbs(FloatVector x) {
    FloatVector z = x.abs().neg();
    return expInRange(z.blend(EXP_LOW, z.compare(VectorOperators.LT, EXP_LOW)));
  }

  private static FloatVector expInRange(FloatVector z) {
    FloatVector shifted = shifted(z);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = remainder(z, n);
    FloatVector p = expTail(r).fma(r.mul(r), r).add(ONE);
    // 2ⁿ in two factors: the first product is exact, and the second rounds once, to a subnormal
    // too.
    IntVector exponent = shifted.reinterpretAsInts().sub(ROUND_BITS);
    IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
    return p.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
  }

  /// eˣ − 1 without cancellation, within 1.5 ulp.
  static FloatVector expm1(FloatVector x) {
    FloatVector z = clamp(x, EXPM1_LOW, EXP_HIGH);
    FloatVector shifted = shifted(z);
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = remainder(z, n);
    FloatVector q = expTail(r).fma(r.mul(r), r); // eʳ − 1
    // 2ⁿ q + (2ⁿ − 1), at half scale because 2¹²⁸ is no float.
    FloatVector scale = powerOfTwo(shifted.reinterpretAsInts().sub(ROUND_BITS_PLUS_1));
    FloatVector y = q.fma(scale, scale.sub(HALF));
    y = y.add(y);
    // At half scale a subnormal would lose a bit, and −0 its sign.
    return y.blend(x, x.abs().compare(VectorOperators.LT, TINY));
  }

  /// ln x, within 1 ulp; −∞ at ±0, NaN below.
  ///
  /// ```
  /// x = 2ᵏ (1 + f),  √½ ≤ 1 + f < √2;   ln x = k ln 2 + f − ½ f² + f³ p(f)
  /// ```
  static FloatVector log(FloatVector x) {
    VectorMask<Float> small = x.compare(VectorOperators.LT, MIN_NORMAL);
    IntVector bits = x.blend(x.mul(TWO_24), small).reinterpretAsInts();
    IntVector k = exponentAboutOne(bits);
    FloatVector f =
        bits.sub(k.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats().sub(ONE); // exact
    FloatVector exponent = toFloat(k);
    exponent = exponent.blend(exponent.add(MINUS_24), small);
    FloatVector y = logTail(f, exponent, ZERO);
    return atTheEdges(y, x);
  }

  /// ln(1 + x) without cancellation, within 1.5 ulp; −∞ at −1, NaN below.
  static FloatVector log1p(FloatVector x) {
    // u + lost = 1 + x exactly, whichever of the two is larger
    FloatVector u = x.add(ONE);
    FloatVector fromX = u.sub(ONE);
    FloatVector lost = x.sub(fromX).sub(u.sub(fromX).sub(ONE));
    IntVector bits = u.reinterpretAsInts();
    IntVector k = exponentAboutOne(bits);
    IntVector shift = k.lanewise(VectorOperators.LSHL, 23);
    FloatVector m = bits.sub(shift).reinterpretAsFloats();
    // 2⁻ᵏ, and 0 from k = 127 on, where what is lost does not count
    FloatVector scale = ONE_BITS.sub(shift).max(ZERO_BITS).reinterpretAsFloats();
    FloatVector y = logTail(m.sub(ONE), toFloat(k), lost.mul(scale));
    y = atTheEdges(y, u);
    return y.blend(x, x.abs().compare(VectorOperators.LT, TINY));
  }

  /// tanh x, within 2.5 ulp.
  ///
  /// ```
  /// tanh |x| = −t / (2 + t),  t = e^(−2|x|) − 1
  /// ```
  static FloatVector tanh(FloatVector x) {
    FloatVector t = expm1(x.abs().mul(MINUS_TWO));
    return withSignOf(x, t.div(t.add(TWO)));
  }

  /// σ(x) = 1 / (1 + e⁻ˣ), within 2.5 ulp; at −100 too, where it is eˣ.
  static FloatVector sigmoid(FloatVector x) {
    FloatVector e = expOfMinusAbs(x);
    FloatVector numerator = ONE.blend(e, x.compare(VectorOperators.LT, ZERO));
    return numerator.div(e.add(ONE));
  }

  /// ln(1 + eˣ), within 2 ulp; at −100 too, where it is eˣ.
  static FloatVector softplus(FloatVector x) {
    return log1pOfExp(x).add(x.blend(ZERO, x.compare(VectorOperators.LT, ZERO)));
  }

  /// ln σ(x) = −softplus(−x), within 2 ulp.
  static FloatVector logSigmoid(FloatVector x) {
    return softplus(x.neg()).neg();
  }

  /// ln(1 + e^(−|x|)): the argument of the logarithm lies in [1, 2], so that its exponent is 0 or 1.
  private static FloatVector log1pOfExp(FloatVector x) {
    FloatVector e = expOfMinusAbs(x);
    VectorMask<Float> upper = e.compare(VectorOperators.GT, SQRT_2_MINUS_1);
    FloatVector f = e.blend(e.sub(ONE).mul(HALF), upper);
    return logTail(f, ZERO.blend(ONE, upper), ZERO);
  }

  // The pieces.

  private static FloatVector clamp(FloatVector x, FloatVector low, FloatVector high) {
    FloatVector z = x.blend(low, x.compare(VectorOperators.LT, low));
    return z.blend(high, z.compare(VectorOperators.GT, high));
  }

  private static FloatVector shifted(FloatVector x) {
    return x.fma(LOG2_E, ROUND);
  }

  private static FloatVector remainder(FloatVector x, FloatVector n) {
    FloatVector r = n.fma(MINUS_LN2_HIGH, x);
    return n.fma(MINUS_LN2_LOW, r);
  }

  /// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2; eʳ − 1 then has relative error 2⁻³¹ before rounding.
  private static FloatVector expTail(FloatVector r) {
    FloatVector p = E7.fma(r, E6);
    p = p.fma(r, E5);
    p = p.fma(r, E4);
    p = p.fma(r, E3);
    return p.fma(r, E2);
  }

  /// 2ⁿ for −126 ≤ n ≤ 127.
  private static FloatVector powerOfTwo(IntVector n) {
    return n.lanewise(VectorOperators.LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
  }

  /// The k for which 2⁻ᵏ times the float lies in [√½, √2).
  private static IntVector exponentAboutOne(IntVector bits) {
    return bits.sub(SQRT_HALF_BITS).lanewise(VectorOperators.ASHR, 23);
  }

  /// Exact for |k| < 2²²; without a conversion between vector shapes.
  private static FloatVector toFloat(IntVector k) {
    return k.add(ROUND_BITS).reinterpretAsFloats().sub(ROUND);
  }

  /// k ln 2 + ln(1 + f + lost), where lost is below half an ulp of 1 + f.
  private static FloatVector logTail(FloatVector f, FloatVector k, FloatVector lost) {
    FloatVector g = f.add(lost);
    FloatVector p = L11.fma(g, L10);
    p = p.fma(g, L9);
    p = p.fma(g, L8);
    p = p.fma(g, L7);
    p = p.fma(g, L6);
    p = p.fma(g, L5);
    p = p.fma(g, L4);
    p = p.fma(g, L3);
    FloatVector square = g.mul(g);
    FloatVector tail = p.fma(g, MINUS_HALF).mul(square); // −½ g² + g³ p(g)
    tail = k.fma(LN2_LOW, tail);
    return k.fma(LN2_HIGH, g.add(tail));
  }

  /// The logarithm of 0, of negative numbers, of ∞ and of NaN.
  private static FloatVector atTheEdges(FloatVector y, FloatVector x) {
    FloatVector z = y.blend(x, x.compare(VectorOperators.EQ, INFINITY));
    z = z.blend(MINUS_INFINITY, x.compare(VectorOperators.EQ, ZERO));
    // ≥ 0 is false for NaN too
    return NAN.blend(z, x.compare(VectorOperators.GE, ZERO));
  }

  private static FloatVector withSignOf(FloatVector x, FloatVector magnitude) {
    IntVector sign = x.reinterpretAsInts().and(SIGN);
    return magnitude.abs().reinterpretAsInts().or(sign).reinterpretAsFloats();
  }
}
