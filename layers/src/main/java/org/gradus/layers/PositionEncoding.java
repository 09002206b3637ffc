// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Says where in a sequence a vector stands, by adding a vector of the position (Vaswani et al. 2017, section 3.5).
///
/// ```
/// PE_{pos, 2i}   = sin(pos / 10000^{2i/d})                    (POS-1)
/// PE_{pos, 2i+1} = cos(pos / 10000^{2i/d})                    (POS-2)
/// ```
///
/// Positions begin at 0. A step of k positions rotates each pair (2i, 2i + 1) by an angle that does not depend on where the
/// step begins. With odd d the last sine has no cosine beside it.
public final class PositionEncoding {
  private final double @Nullable [] sinusoids; //     [maxLength, d]
  private final @Nullable DenseParameter learned; // [maxLength, d]
  private final int maxLength;
  private final int width;

  /// What is added.
  public enum Kind {
    /// (POS-1) and (POS-2), which nothing trains
    SINUSOIDAL,
    /// a parameter `[maxLength, d]`
    LEARNED,
    /// nothing: the order of a sequence is lost
    NONE
  }

  /// Vectors for positions 0 … `maxLength` − 1; learned ones have the path `positions` under `params`, and begin as
  /// N(0, 1/d).
  ///
  /// @param width d
  public PositionEncoding(Kind kind, int maxLength, int width, Params params) {
    if (maxLength < 1 || width < 1) {
      throw new IllegalArgumentException(
          params.path()
              + ": "
              + maxLength
              + " positions of width "
              + width
              + ". Expected at least 1 each.");
    }
    this.maxLength = maxLength;
    this.width = width;
    sinusoids = kind == Kind.SINUSOIDAL ? sinusoids(maxLength, width) : null;
    learned =
        kind == Kind.LEARNED
            ? params.weight(
                "positions",
                Shape.of(maxLength, width),
                Initializers.normal(1 / StrictMath.sqrt(width)))
            : null;
  }

  /// PE `[length, width]`, row by row.
  public static double[] sinusoids(int length, int width) {
    double[] pe = new double[length * width];
    for (int pos = 0; pos < length; pos++) {
      for (int c = 0; c < width; c++) {
        double angle = pos / StrictMath.pow(10_000, (c - c % 2) / (double) width);
        pe[pos * width + c] =
            c % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle); // (POS-1), (POS-2)
      }
    }
    return pe;
  }

  /// x `[B, T, d]` with the vectors of positions `from` … `from` + T − 1 added.
  public Var add(Var x, int from) {
    int to = from + x.size(1);
    if (from < 0 || to > maxLength) {
      throw new IllegalArgumentException(
          "positions: "
              + from
              + " to "
              + (to - 1)
              + " of "
              + x.shape()
              + ". Expected at most "
              + maxLength
              + " positions.");
    }
    Tape tape = x.tape();
    if (learned != null) {
      return x.add(tape.use(learned).slice(0, from, to)); // [B, T, d]
    }
    if (sinusoids == null) {
      return x;
    }
    double[] rows = tape.scope().doubles((to - from) * width); // lent for the step
    System.arraycopy(sinusoids, from * width, rows, 0, rows.length);
    return x.add(tape.constant(Shape.of(to - from, width), rows)); // [B, T, d]
  }
}
