// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.gradus.tensor.ElementwiseKernels.Unary;

/// The loops behind [CpuElementwise#unaryBackward], over elements `from … to−1` in whole blocks of 16.
final class UnaryGradients {
  private static final VectorSpecies<Float> S = Lanes.SPECIES;
  private static final int W = Lanes.WIDTH;
  private static final FloatVector ZERO = FloatVector.zero(S);
  private static final FloatVector ONE = FloatVector.broadcast(S, 1f);

  private UnaryGradients() {}

  /// dx = dy · f′ for the elements `from … to−1`; dx may be dy. Either x or y is read, whichever the derivative is a function of.
  interface Loop {
    void run(float[] dx, float[] dy, float[] x, float[] y, int from, int to, float p, float q);
  }

  /// The loop of an operation, looked up once, outside of the chunks, as [Unaries#of] is.
  static Loop of(Unary op) {
    return switch (op) {
      case NEGATE -> (dx, dy, _, _, from, to, _, _) -> negate(dx, dy, from, to);
      case ABS -> (dx, dy, x, _, from, to, _, _) -> abs(dx, dy, x, from, to);
      case SQUARE -> (dx, dy, x, _, from, to, _, _) -> square(dx, dy, x, from, to);
      case SQRT -> (dx, dy, _, y, from, to, _, _) -> sqrt(dx, dy, y, from, to);
      case RSQRT -> (dx, dy, _, y, from, to, _, _) -> rsqrt(dx, dy, y, from, to);
      case RECIPROCAL -> (dx, dy, _, y, from, to, _, _) -> reciprocal(dx, dy, y, from, to);
      case EXP -> (dx, dy, _, y, from, to, _, _) -> exp(dx, dy, y, from, to);
      case EXPM1 -> (dx, dy, _, y, from, to, _, _) -> expm1(dx, dy, y, from, to);
      case LOG -> (dx, dy, x, _, from, to, _, _) -> log(dx, dy, x, from, to);
      case LOG1P -> (dx, dy, x, _, from, to, _, _) -> log1p(dx, dy, x, from, to);
      case SIGMOID -> (dx, dy, _, y, from, to, _, _) -> sigmoid(dx, dy, y, from, to);
      case TANH -> (dx, dy, _, y, from, to, _, _) -> tanh(dx, dy, y, from, to);
      case RELU -> (dx, dy, x, _, from, to, _, _) -> relu(dx, dy, x, from, to);
      case SOFTPLUS -> (dx, dy, x, _, from, to, _, _) -> softplus(dx, dy, x, from, to);
      case LOG_SIGMOID -> (dx, dy, x, _, from, to, _, _) -> logSigmoid(dx, dy, x, from, to);
      case AFFINE -> (dx, dy, _, _, from, to, p, _) -> affine(dx, dy, from, to, p);
      case LEAKY_RELU -> (dx, dy, x, _, from, to, p, _) -> leakyRelu(dx, dy, x, from, to, p);
      case ELU -> (dx, dy, x, _, from, to, p, _) -> elu(dx, dy, x, from, to, p);
      case CLIP -> (dx, dy, x, _, from, to, p, q) -> clip(dx, dy, x, from, to, p, q);
    };
  }

  private static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static void negate(float[] dx, float[] dy, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).neg().intoArray(dx, i);
    }
  }

  private static void abs(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector d = load(dy, i);
      FloatVector v = load(x, i);
      ZERO.blend(d, v.compare(VectorOperators.GT, 0f))
          .blend(d.neg(), v.compare(VectorOperators.LT, 0f))
          .intoArray(dx, i);
    }
  }

  private static void square(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(load(x, i)).mul(2f).intoArray(dx, i);
    }
  }

  private static void sqrt(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(0.5f).div(load(y, i)).intoArray(dx, i);
    }
  }

  private static void rsqrt(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector r = load(y, i);
      load(dy, i).mul(-0.5f).mul(r).mul(r.mul(r)).intoArray(dx, i);
    }
  }

  private static void reciprocal(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector r = load(y, i);
      load(dy, i).neg().mul(r.mul(r)).intoArray(dx, i);
    }
  }

  private static void exp(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(load(y, i)).intoArray(dx, i);
    }
  }

  private static void expm1(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(load(y, i).add(1f)).intoArray(dx, i);
    }
  }

  private static void log(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).div(load(x, i)).intoArray(dx, i);
    }
  }

  private static void log1p(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).div(load(x, i).add(1f)).intoArray(dx, i);
    }
  }

  private static void sigmoid(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector s = load(y, i);
      load(dy, i).mul(s).mul(ONE.sub(s)).intoArray(dx, i);
    }
  }

  private static void tanh(float[] dx, float[] dy, float[] y, int from, int to) {
    for (int i = from; i < to; i += W) {
      FloatVector t = load(y, i);
      load(dy, i).mul(ONE.sub(t.mul(t))).intoArray(dx, i);
    }
  }

  private static void relu(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      ZERO.blend(load(dy, i), load(x, i).compare(VectorOperators.GT, 0f)).intoArray(dx, i);
    }
  }

  private static void softplus(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(Polynomials.sigmoid(load(x, i))).intoArray(dx, i);
    }
  }

  private static void logSigmoid(float[] dx, float[] dy, float[] x, int from, int to) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(Polynomials.sigmoid(load(x, i).neg())).intoArray(dx, i);
    }
  }

  private static void affine(float[] dx, float[] dy, int from, int to, float p) {
    for (int i = from; i < to; i += W) {
      load(dy, i).mul(p).intoArray(dx, i);
    }
  }

  private static void leakyRelu(float[] dx, float[] dy, float[] x, int from, int to, float p) {
    for (int i = from; i < to; i += W) {
      FloatVector d = load(dy, i);
      d.mul(p).blend(d, load(x, i).compare(VectorOperators.GT, 0f)).intoArray(dx, i);
    }
  }

  private static void elu(float[] dx, float[] dy, float[] x, int from, int to, float p) {
    for (int i = from; i < to; i += W) {
      FloatVector d = load(dy, i);
      FloatVector v = load(x, i);
      // Not y + p, which loses all digits of a small p·eˣ.
      d.mul(Polynomials.exp(v).mul(p)).blend(d, v.compare(VectorOperators.GT, 0f)).intoArray(dx, i);
    }
  }

  private static void clip(float[] dx, float[] dy, float[] x, int from, int to, float p, float q) {
    for (int i = from; i < to; i += W) {
      FloatVector v = load(x, i);
      VectorMask<Float> inside =
          v.compare(VectorOperators.GE, p).and(v.compare(VectorOperators.LE, q));
      ZERO.blend(load(dy, i), inside).intoArray(dx, i);
    }
  }
}
