// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
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
/// facing     z_t = [q, k_t, q − k_t, q ⊙ k_t]                        (DIN-1)
/// weightedSum  y = Σ_t w_t x_t                                       (DIN-4)
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

  @Override
  public void facing(Buffer zb, Buffer qb, Buffer kb, int batch, int steps, int width) {
    double[] z = Doubles.of(zb);
    double[] q = Doubles.of(qb);
    double[] k = Doubles.of(kb);
    for (int row = 0; row < batch * steps; row++) {
      for (int d = 0; d < width; d++) {
        double query = q[row / steps * width + d];
        double key = k[row * width + d];
        int at = row * 4 * width + d;
        z[at] = query; //                     (DIN-1)
        z[at + width] = key; //               (DIN-1)
        z[at + 2 * width] = query - key; //   (DIN-1)
        z[at + 3 * width] = query * key; //   (DIN-1)
      }
    }
  }

  @Override
  public void facingBackward(
      Buffer dqb, Buffer dkb, Buffer dzb, Buffer qb, Buffer kb, int batch, int steps, int width) {
    double[] dq = Doubles.of(dqb);
    double[] dk = Doubles.of(dkb);
    double[] dz = Doubles.of(dzb);
    double[] q = Doubles.of(qb);
    double[] k = Doubles.of(kb);
    for (int b = 0; b < batch; b++) {
      for (int d = 0; d < width; d++) {
        double sum = 0;
        for (int t = 0; t < steps; t++) {
          int row = b * steps + t;
          int at = row * 4 * width + d;
          double ofDifference = dz[at + 2 * width];
          double ofProduct = dz[at + 3 * width];
          dk[row * width + d] = dz[at + width] - ofDifference + q[b * width + d] * ofProduct;
          sum += dz[at] + ofDifference + k[row * width + d] * ofProduct;
        }
        dq[b * width + d] = sum;
      }
    }
  }

  @Override
  public void weightedSum(Buffer yb, Buffer wb, Buffer xb, int batch, int steps, int width) {
    double[] y = Doubles.of(yb);
    double[] w = Doubles.of(wb);
    double[] x = Doubles.of(xb);
    for (int b = 0; b < batch; b++) {
      for (int d = 0; d < width; d++) {
        double sum = 0;
        for (int row = b * steps; row < (b + 1) * steps; row++) {
          sum += w[row] * x[row * width + d]; // (DIN-4)
        }
        y[b * width + d] = sum;
      }
    }
  }

  @Override
  public void weightedSumBackward(
      Buffer dwb, Buffer dxb, Buffer dyb, Buffer wb, Buffer xb, int batch, int steps, int width) {
    double[] dw = Doubles.of(dwb);
    double[] dx = Doubles.of(dxb);
    double[] dy = Doubles.of(dyb);
    double[] w = Doubles.of(wb);
    double[] x = Doubles.of(xb);
    for (int row = 0; row < batch * steps; row++) {
      double dot = 0;
      for (int d = 0; d < width; d++) {
        double g = dy[row / steps * width + d];
        dot += g * x[row * width + d];
        dx[row * width + d] = w[row] * g;
      }
      dw[row] = dot;
    }
  }

  @Override
  public void cross(
      Buffer yb, Buffer x0b, Buffer zb, Buffer xb, int rows, int width, boolean perRow) {
    double[] y = Doubles.of(yb);
    double[] x0 = Doubles.of(x0b);
    double[] z = Doubles.of(zb);
    double[] x = Doubles.of(xb);
    for (int i = 0; i < rows * width; i++) {
      y[i] = x0[i] * z[perRow ? i / width : i] + x[i]; // (DCN-1, DCN-2)
    }
  }

  @Override
  public void crossBackward(
      Buffer dx0b,
      Buffer dzb,
      Buffer dyb,
      Buffer x0b,
      Buffer zb,
      int rows,
      int width,
      boolean perRow) {
    double[] dx0 = Doubles.of(dx0b);
    double[] dz = Doubles.of(dzb);
    double[] dy = Doubles.of(dyb);
    double[] x0 = Doubles.of(x0b);
    double[] z = Doubles.of(zb);
    Arrays.fill(dz, 0, perRow ? rows : rows * width, 0);
    for (int i = 0; i < rows * width; i++) {
      int at = perRow ? i / width : i;
      dx0[i] = dy[i] * z[at];
      dz[at] += dy[i] * x0[i];
    }
  }
}
