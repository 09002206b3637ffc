// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.ElementwiseKernels.Unary;

/// The loops behind [CpuElementwise#unary], over elements `from … to−1` in whole blocks of 16.
final class Unaries {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  private Unaries() {}

  /// Work per element, a sum being 1.
  static int cost(Unary op) {
    return switch (op) {
      case NEGATE, ABS, SQUARE, RECIPROCAL, RELU, AFFINE, LEAKY_RELU, CLIP -> 1;
      case SQRT, RSQRT -> 2;
      case EXP, EXPM1, LOG, LOG1P, SIGMOID, TANH, ELU -> 4;
      case SOFTPLUS, LOG_SIGMOID -> 8;
    };
  }

  /// y = f(x) for the elements `from … to−1`; y may be x. Operations of one or two numbers take them as p and q.
  interface Loop {
    void run(float[] y, float[] x, int from, int to, float p, float q);
  }

  /// The loop of an operation. It is looked up once, outside of the chunks: a switch inside would bring the loops of all
  /// operations into one compiled method, too large for the compiler to keep vectors in registers.
  static Loop of(Unary op) {
    return switch (op) {
      case NEGATE -> (y, x, from, to, _, _) -> negate(y, x, from, to);
      case ABS -> (y, x, from, to, _, _) -> abs(y, x, from, to);
      case SQUARE -> (y, x, from, to, _, _) -> square(y, x, from, to);
      case SQRT -> (y, x, from, to, _, _) -> sqrt(y, x, from, to);
      case RSQRT -> (y, x, from, to, _, _) -> rsqrt(y, x, from, to);
      case RECIPROCAL -> (y, x, from, to, _, _) -> reciprocal(y, x, from, to);
      case EXP -> (y, x, from, to, _, _) -> exp(y, x, from, to);
      case EXPM1 -> (y, x, from, to, _, _) -> expm1(y, x, from, to);
      case LOG -> (y, x, from, to, _, _) -> log(y, x, from, to);
      case LOG1P -> (y, x, from, to, _, _) -> log1p(y, x, from, to);
      case SIGMOID -> (y, x, from, to, _, _) -> sigmoid(y, x, from, to);
      case TANH -> (y, x, from, to, _, _) -> tanh(y, x, from, to);
      case RELU -> (y, x, from, to, _, _) -> relu(y, x, from, to);
      case SOFTPLUS -> (y, x, from, to, _, _) -> softplus(y, x, from, to);
      case LOG_SIGMOID -> (y, x, from, to, _, _) -> logSigmoid(y, x, from, to);
      case AFFINE -> (y, x, from, to, p, q) -> affine(y, x, from, to, p, q);
      case LEAKY_RELU -> (y, x, from, to, p, _) -> leakyRelu(y, x, from, to, p);
      case ELU -> (y, x, from, to, p, _) -> elu(y, x, from, to, p);
      case CLIP -> (y, x, from, to, p, q) -> clip(y, x, from, to, p, q);
    };
  }

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static void negate(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(x, i).neg().intoArray(y, i);
    }
  }

  private static void abs(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(x, i).abs().intoArray(y, i);
    }
  }

  private static void square(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector v = load(x, i);
      v.mul(v).intoArray(y, i);
    }
  }

  private static void sqrt(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(x, i).sqrt().intoArray(y, i);
    }
  }

  private static void rsqrt(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      ONE.div(load(x, i).sqrt()).intoArray(y, i);
    }
  }

  private static void reciprocal(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      ONE.div(load(x, i)).intoArray(y, i);
    }
  }

  private static void exp(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.exp(load(x, i)).intoArray(y, i);
    }
  }

  private static void expm1(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.expm1(load(x, i)).intoArray(y, i);
    }
  }

  private static void log(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.log(load(x, i)).intoArray(y, i);
    }
  }

  private static void log1p(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.log1p(load(x, i)).intoArray(y, i);
    }
  }

  private static void sigmoid(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.sigmoid(load(x, i)).intoArray(y, i);
    }
  }

  private static void tanh(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.tanh(load(x, i)).intoArray(y, i);
    }
  }

  private static void relu(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector v = load(x, i);
      // Not max: the comparison is one instruction, and false for NaN.
      v.blend(0f, v.compare(VectorOperators.LE, 0f)).intoArray(y, i);
    }
  }

  private static void softplus(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.softplus(load(x, i)).intoArray(y, i);
    }
  }

  private static void logSigmoid(float[] y, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      Polynomials.logSigmoid(load(x, i)).intoArray(y, i);
    }
  }

  private static void affine(float[] y, float[] x, int from, int to, float p, float q) {
    for (int i = from; i < to; i += W) {
      load(x, i).fma(FloatVector.broadcast(S, p), FloatVector.broadcast(S, q)).intoArray(y, i);
    }
  }

  private static void leakyRelu(float[] y, float[] x, int from, int to, float p) {
    for (int i = from; i < to; i += W) {
      FloatVector v = load(x, i);
      v.mul(p).blend(v, v.compare(VectorOperators.GT, 0f)).intoArray(y, i);
    }
  }

  private static void elu(float[] y, float[] x, int from, int to, float p) {
    for (int i = from; i < to; i += W) {
      FloatVector v = load(x, i);
      Polynomials.expm1(v).mul(p).blend(v, v.compare(VectorOperators.GT, 0f)).intoArray(y, i);
    }
  }

  private static void clip(float[] y, float[] x, int from, int to, float p, float q) {
    for (int i = from; i < to; i += W) {
      load(x, i).max(p).min(q).intoArray(y, i);
    }
  }
}
