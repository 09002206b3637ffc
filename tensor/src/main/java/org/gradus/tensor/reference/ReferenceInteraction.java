// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;
import org.gradus.tensor.host.Doubles;

/// Interactions of field embeddings.
///
/// ```
/// pairwise   s = Σ_f e_f,  q = Σ_f e_f²                              (FM-1)
///            y = ½ Σ_d (s² − q)                                      (FM-2)
///            ∂L/∂e_f = dy (s − e_f)                                  (FM-4)
/// dots       T = [first; e₀; …],  or e alone                         (DI-1)
///            y = one triangle of T Tᵀ, packed                        (DI-2)
///            ∂L/∂T = G T,  G symmetric from dy, its diagonal 2 dy    (DI-4)
/// ```
final class ReferenceInteraction implements InteractionKernels {
  @Override
  public void pairwise(Buffer yb, Buffer sumsb, Buffer eb, int batch, int fields, int width) {
    double[] y = Doubles.of(yb);
    double[] sums = Doubles.of(sumsb);
    double[] e = Doubles.of(eb);
    for (int b = 0; b < batch; b++) {
      double twice = 0;
      for (int d = 0; d < width; d++) {
        double sum = 0;
        double sumOfSquares = 0;
        for (int f = 0; f < fields; f++) {
          double x = e[(b * fields + f) * width + d];
          sum += x; //              (FM-1)
          sumOfSquares += x * x; // (FM-1)
        }
        sums[b * width + d] = sum;
        twice += sum * sum - sumOfSquares;
      }
      y[b] = 0.5 * twice; // (FM-2)
    }
  }

  @Override
  public void pairwiseBackward(
      Buffer deb, Buffer dyb, Buffer sumsb, Buffer eb, int batch, int fields, int width) {
    double[] de = Doubles.of(deb);
    double[] dy = Doubles.of(dyb);
    double[] sums = Doubles.of(sumsb);
    double[] e = Doubles.of(eb);
    for (int b = 0; b < batch; b++) {
      for (int f = 0; f < fields; f++) {
        for (int d = 0; d < width; d++) {
          int at = (b * fields + f) * width + d;
          de[at] = dy[b] * (sums[b * width + d] - e[at]); // (FM-4)
        }
      }
    }
  }

  /// The vectors of one example, copied: T, `[F][D]` (DI-1).
  private static double[][] example(Vectors e, int b, int fields, int width) {
    int apart = e.first() == null ? 0 : 1;
    double[][] x = new double[fields][width];
    for (int f = 0; f < fields; f++) {
      Buffer first = e.first();
      if (f == 0 && first != null) {
        System.arraycopy(Doubles.of(first), b * width, x[f], 0, width); // d (DI-1)
      } else {
        int at = (b * (fields - apart) + f - apart) * width;
        System.arraycopy(Doubles.of(e.rest()), at, x[f], 0, width); // s (DI-1)
      }
    }
    return x;
  }

  @Override
  public void dots(
      Buffer yb, Vectors eb, int batch, int fields, int width, boolean lower, boolean self) {
    double[] y = Doubles.of(yb);
    int out = 0;
    for (int b = 0; b < batch; b++) {
      double[][] e = example(eb, b, fields, width);
      for (int i = 0; i < fields; i++) {
        int first = lower ? 0 : self ? i : i + 1; // one triangle (DI-2)
        int end = !lower ? fields : self ? i + 1 : i;
        for (int j = first; j < end; j++) {
          double dot = 0;
          for (int d = 0; d < width; d++) {
            dot += e[i][d] * e[j][d]; // (DI-2)
          }
          y[out++] = dot;
        }
      }
    }
  }

  @Override
  public void dotsBackward(
      Vectors deb,
      Buffer dyb,
      Vectors eb,
      int batch,
      int fields,
      int width,
      boolean lower,
      boolean self) {
    Buffer ofFirst = deb.first();
    double[] dy = Doubles.of(dyb);
    int apart = ofFirst == null ? 0 : 1;
    int in = 0;
    for (int b = 0; b < batch; b++) {
      double[][] e = example(eb, b, fields, width);
      double[][] g = new double[fields][fields];
      for (int i = 0; i < fields; i++) {
        int first = lower ? 0 : self ? i : i + 1;
        int end = !lower ? fields : self ? i + 1 : i;
        for (int j = first; j < end; j++) {
          g[i][j] += dy[in]; // twice the same place on the diagonal, hence 2 dy there
          g[j][i] += dy[in];
          in++;
        }
      }
      for (int i = 0; i < fields; i++) {
        double[] de = Doubles.of(deb.rest());
        int at = (b * (fields - apart) + i - apart) * width;
        if (i == 0 && ofFirst != null) {
          de = Doubles.of(ofFirst);
          at = b * width;
        }
        for (int d = 0; d < width; d++) {
          double sum = 0;
          for (int j = 0; j < fields; j++) {
            sum += g[i][j] * e[j][d]; // (DI-4)
          }
          de[at + d] = sum;
        }
      }
    }
  }
}
