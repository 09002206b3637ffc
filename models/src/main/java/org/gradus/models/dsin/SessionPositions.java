// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Tells steps apart by where they stand.
///
/// ```
/// BE_{k,t,c} = w^K_k + w^T_t + w^C_c                  (DSIN-1), bias encoding
/// PE_{t,2i} = sin(t / 10000^{2i/D}),  PE_{t,2i+1} = cos(t / 10000^{2i/D})     sinusoids, the same in every session
/// ```
public final class SessionPositions {
  /// Beyond this many standard deviations a number is drawn again.
  private static final double TRUNCATED = 2;

  private final Kind kind;
  private final @Nullable DenseParameter session; // w^K [K]
  private final @Nullable DenseParameter step; //    w^T [T]
  private final @Nullable DenseParameter feature; // w^C [D]

  /// What tells steps apart.
  public enum Kind {
    /// w^K + w^T + w^C, learned
    BIAS_ENCODING,
    /// sine and cosine of the step
    SINUSOIDAL,
    /// nothing
    NONE
  }

  /// `session`, `step` and `feature` under `params` for a bias encoding; nothing else has parameters.
  SessionPositions(Kind kind, int sessions, int length, int width, Params params) {
    this.kind = kind;
    boolean learned = kind == Kind.BIAS_ENCODING;
    Initializer small = truncatedNormal(1e-4);
    session = learned ? params.weight("session", Shape.of(sessions), small) : null;
    step = learned ? params.weight("step", Shape.of(length), small) : null;
    feature = learned ? params.weight("feature", Shape.of(width), small) : null;
  }

  private static Initializer truncatedNormal(double deviation) {
    return (values, first, _, key) -> {
      for (int i = 0; i < values.length; i++) {
        long own = Counter.key(key, first + i);
        double z = Initializers.normalAt(own, 0);
        for (int draw = 1; Math.abs(z) > TRUNCATED; draw++) {
          z = Initializers.normalAt(own, draw);
        }
        values[i] = (float) (deviation * z);
      }
    };
  }

  /// Q + BE `[B, K, T, D]`  (DSIN-2)
  ///
  /// @param steps Q `[B, K, T, D]`; K and T may be fewer than there are parameters for
  Var forward(Var steps) {
    int k = steps.size(1);
    int t = steps.size(2);
    int d = steps.size(3);
    Tape tape = steps.tape();
    if (session != null && step != null && feature != null) {
      Var wK = tape.use(session).slice(0, 0, k).reshape(k, 1, 1);
      Var wT = tape.use(step).slice(0, 0, t).reshape(1, t, 1);
      return steps.add(wK.add(wT).add(tape.use(feature))); // (DSIN-1), (DSIN-2)
    }
    return kind == Kind.SINUSOIDAL
        ? steps.add(tape.constant(Shape.of(t, d), sinusoids(t, d)))
        : steps;
  }

  private static double[] sinusoids(int length, int width) {
    double[] pe = new double[length * width];
    for (int t = 0; t < length; t++) {
      for (int c = 0; c < width; c++) {
        double angle = t / StrictMath.pow(10000, (c - c % 2) / (double) width);
        pe[t * width + c] = c % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle);
      }
    }
    return pe;
  }
}
