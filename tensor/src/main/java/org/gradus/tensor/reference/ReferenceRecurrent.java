// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import java.util.Arrays;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// Recurrent layers, one row after another, one step after another.
///
/// ```
/// GRU    u = σ(p_u + h U_u),  r = σ(p_r + h U_r)                       (1) (2)
///        n = tanh(p_n + r ∘ q),  q = h U_n + b′;  h′ = h + w ∘ (n − h) (3) (4)
///        or n = tanh(p_n + q U_n),  q = r ∘ h                          (3c)
/// LSTM   i, f, o = σ(p + h U),  g = tanh(p + h U)                      (5)
///        c′ = f ∘ c + i ∘ g,  h′ = o ∘ tanh(c′)                        (6)
/// ```
///
/// The derivative goes from the last step to the first with δ = ∂L/∂h, which takes up dy of each step on its way.
final class ReferenceRecurrent implements RecurrentKernels {
  @Override
  public int gruKept(Size size) {
    return size.numbers(4L * size.width()); // u, r, n, q of every step
  }

  @Override
  public void gru(Buffer yb, Buffer keptb, Sequences x, Gru gru) {
    double[] y = Doubles.of(yb);
    double[] kept = Doubles.of(keptb);
    double[] projected = Doubles.of(x.projected());
    double[] weights = Doubles.of(x.u());
    double[] bias = numbers(gru.candidateBias());
    int time = x.size().time();
    int width = x.size().width();
    boolean after = gru.reset() == Reset.AFTER;
    for (int b = 0; b < x.size().batch(); b++) {
      double[] h = row(x.initial(), b, width);
      int length = length(x, b);
      for (int t = 0; t < time; t++) {
        int step = b * time + t;
        if (t < length) {
          double[] p = Arrays.copyOfRange(projected, step * 3 * width, (step + 1) * 3 * width);
          double[] hu = product(h, weights, width, 3);
          double offset = gru.mixing().offset(attention(gru, step));
          double slope = gru.mixing().slope(attention(gru, step));
          double[] u = new double[width];
          double[] r = new double[width];
          double[] q = new double[width];
          for (int j = 0; j < width; j++) {
            u[j] = ReferenceElementwise.sigmoid(p[j] + hu[j]); //                 (1)
            r[j] = ReferenceElementwise.sigmoid(p[width + j] + hu[width + j]); // (2)
            q[j] = after ? hu[2 * width + j] + (bias.length == 0 ? 0 : bias[j]) : r[j] * h[j];
          }
          double[] qu = product(q, weights, width, 3); //    (3c)
          for (int j = 0; j < width; j++) {
            double inner = after ? r[j] * q[j] : qu[2 * width + j];
            double n = StrictMath.tanh(p[2 * width + j] + inner); // (3)
            h[j] += (offset + slope * u[j]) * (n - h[j]); //         (4)
            kept[step * 4 * width + j] = u[j];
            kept[(step * 4 + 1) * width + j] = r[j];
            kept[(step * 4 + 2) * width + j] = n;
            kept[(step * 4 + 3) * width + j] = q[j];
          }
        }
        System.arraycopy(h, 0, y, step * width, width);
      }
    }
  }

  @Override
  public void gruBackward(
      GruGradients to, Buffer dyb, Buffer yb, Buffer keptb, Sequences x, Gru gru) {
    double[] dp = Doubles.of(to.projected());
    double[] du = Doubles.of(to.u());
    double[] dbias = numbers(to.candidateBias());
    double[] dattention = numbers(to.attention());
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    double[] kept = Doubles.of(keptb);
    double[] weights = Doubles.of(x.u());
    int time = x.size().time();
    int width = x.size().width();
    boolean after = gru.reset() == Reset.AFTER;
    Mixing mixing = gru.mixing();
    Arrays.fill(dp, 0);
    Arrays.fill(du, 0);
    Arrays.fill(dbias, 0);
    Arrays.fill(dattention, 0);
    for (int b = 0; b < x.size().batch(); b++) {
      double[] d = new double[width]; // δ
      for (int t = time - 1; t >= 0; t--) {
        int step = b * time + t;
        for (int j = 0; j < width; j++) {
          d[j] += dy[step * width + j];
        }
        if (t >= length(x, b)) {
          continue;
        }
        double[] h = t == 0 ? row(x.initial(), b, width) : row(y, step - 1, width);
        double offset = mixing.offset(attention(gru, step));
        double slope = mixing.slope(attention(gru, step));
        double[] da = new double[3 * width]; // of what u, r, n are functions of
        double[] dq = new double[width];
        for (int j = 0; j < width; j++) {
          double u = kept[step * 4 * width + j];
          double n = kept[(step * 4 + 2) * width + j];
          double dw = d[j] * (n - h[j]);
          da[j] = dw * slope * u * (1 - u);
          da[2 * width + j] = d[j] * (offset + slope * u) * (1 - n * n);
          d[j] *= 1 - offset - slope * u;
          if (mixing.attends()) {
            dattention[step] += dw * (mixing.offsetByAttention() + mixing.slopeByAttention() * u);
          }
        }
        double[] ofCandidate = Arrays.copyOfRange(da, 2 * width, 3 * width);
        double[] dqOfProduct = transposed(ofCandidate, weights, width, 3, 2);
        for (int j = 0; j < width; j++) {
          double r = kept[(step * 4 + 1) * width + j];
          double q = kept[(step * 4 + 3) * width + j];
          double dr = after ? ofCandidate[j] * q : dqOfProduct[j] * h[j];
          da[width + j] = dr * r * (1 - r);
          dq[j] = after ? ofCandidate[j] * r : dqOfProduct[j] * r; // ∂L/∂q, and ∂q/∂h of q = r ∘ h
        }
        System.arraycopy(da, 0, dp, step * 3 * width, 3 * width);
        for (int block = 0; block < 3; block++) {
          boolean candidate = block == 2;
          double[] left = candidate && !after ? row(kept, step * 4 + 3, width) : h;
          double[] right =
              candidate && after ? dq : Arrays.copyOfRange(da, block * width, (block + 1) * width);
          outer(du, left, right, 3 * width, block * width);
          double[] back = candidate && !after ? dq : transposed(right, weights, width, 3, block);
          for (int j = 0; j < width; j++) {
            d[j] += back[j];
          }
        }
        for (int j = 0; j < dbias.length; j++) {
          dbias[j] += dq[j];
        }
      }
      write(to.initial(), b, d);
    }
  }

  @Override
  public int lstmKept(Size size) {
    return size.numbers(6L * size.width()); // i, f, g, o, tanh(c′), c of every step
  }

  @Override
  public void lstm(Buffer yb, Buffer keptb, Sequences x, @Nullable Buffer cell) {
    double[] y = Doubles.of(yb);
    double[] kept = Doubles.of(keptb);
    double[] projected = Doubles.of(x.projected());
    double[] weights = Doubles.of(x.u());
    int time = x.size().time();
    int width = x.size().width();
    for (int b = 0; b < x.size().batch(); b++) {
      double[] h = row(x.initial(), b, width);
      double[] c = row(cell, b, width);
      for (int t = 0; t < time; t++) {
        if (t < length(x, b)) {
          int step = b * time + t;
          double[] a = product(h, weights, width, 4);
          for (int j = 0; j < 4 * width; j++) {
            a[j] += projected[step * 4 * width + j];
          }
          for (int j = 0; j < width; j++) {
            double i = ReferenceElementwise.sigmoid(a[j]); //                       (5)
            double f = ReferenceElementwise.sigmoid(a[width + j]); //               (5)
            double g = StrictMath.tanh(a[2 * width + j]); //   (5)
            double o = ReferenceElementwise.sigmoid(a[3 * width + j]); //           (5)
            double next = f * c[j] + i * g; //                 (6)
            double[] all = {i, f, g, o, StrictMath.tanh(next), c[j]};
            for (int k = 0; k < 6; k++) {
              kept[(step * 6 + k) * width + j] = all[k];
            }
            c[j] = next;
            h[j] = o * all[4]; //                              (6)
          }
        }
        System.arraycopy(h, 0, y, (b * (time + 1) + t) * width, width);
      }
      System.arraycopy(c, 0, y, (b * (time + 1) + time) * width, width);
    }
  }

  @Override
  public void lstmBackward(LstmGradients to, Buffer dyb, Buffer yb, Buffer keptb, Sequences x) {
    double[] dp = Doubles.of(to.projected());
    double[] du = Doubles.of(to.u());
    double[] dy = Doubles.of(dyb);
    double[] y = Doubles.of(yb);
    double[] kept = Doubles.of(keptb);
    double[] weights = Doubles.of(x.u());
    int time = x.size().time();
    int width = x.size().width();
    Arrays.fill(dp, 0);
    Arrays.fill(du, 0);
    for (int b = 0; b < x.size().batch(); b++) {
      double[] d = new double[width]; // δ
      double[] dc = row(dy, b * (time + 1) + time, width);
      for (int t = time - 1; t >= 0; t--) {
        int step = b * time + t;
        int state = b * (time + 1) + t;
        for (int j = 0; j < width; j++) {
          d[j] += dy[state * width + j];
        }
        if (t >= length(x, b)) {
          continue;
        }
        double[] da = new double[4 * width];
        for (int j = 0; j < width; j++) {
          double i = kept[step * 6 * width + j];
          double f = kept[(step * 6 + 1) * width + j];
          double g = kept[(step * 6 + 2) * width + j];
          double o = kept[(step * 6 + 3) * width + j];
          double tanh = kept[(step * 6 + 4) * width + j];
          double c = kept[(step * 6 + 5) * width + j];
          double all = dc[j] + d[j] * o * (1 - tanh * tanh);
          da[j] = all * g * i * (1 - i);
          da[width + j] = all * c * f * (1 - f);
          da[2 * width + j] = all * i * (1 - g * g);
          da[3 * width + j] = d[j] * tanh * o * (1 - o);
          dc[j] = all * f;
        }
        System.arraycopy(da, 0, dp, step * 4 * width, 4 * width);
        double[] h = t == 0 ? row(x.initial(), b, width) : row(y, state - 1, width);
        Arrays.fill(d, 0);
        for (int block = 0; block < 4; block++) {
          double[] right = Arrays.copyOfRange(da, block * width, (block + 1) * width);
          outer(du, h, right, 4 * width, block * width);
          double[] back = transposed(right, weights, width, 4, block);
          for (int j = 0; j < width; j++) {
            d[j] += back[j];
          }
        }
      }
      write(to.initial(), b, d);
      write(to.cell(), b, dc);
    }
  }

  private static int length(Sequences x, int b) {
    Buffer lengths = x.lengths();
    return lengths == null ? x.size().time() : Ints.of(lengths)[b];
  }

  private static double attention(Gru gru, int step) {
    Buffer attention = gru.attention();
    return attention == null ? 0 : Doubles.of(attention)[step];
  }

  private static double[] numbers(@Nullable Buffer buffer) {
    return buffer == null ? new double[0] : Doubles.of(buffer);
  }

  /// A copy of one row; zeros where there is none.
  private static double[] row(@Nullable Buffer matrix, int row, int width) {
    return matrix == null ? new double[width] : row(Doubles.of(matrix), row, width);
  }

  private static double[] row(double[] matrix, int row, int width) {
    return Arrays.copyOfRange(matrix, row * width, (row + 1) * width);
  }

  private static void write(@Nullable Buffer matrix, int row, double[] values) {
    if (matrix != null) {
      System.arraycopy(values, 0, Doubles.of(matrix), row * values.length, values.length);
    }
  }

  /// h U, U `[H, blocks · H]`
  private static double[] product(double[] h, double[] u, int width, int blocks) {
    double[] y = new double[blocks * width];
    for (int j = 0; j < y.length; j++) {
      for (int i = 0; i < width; i++) {
        y[j] += h[i] * u[i * y.length + j];
      }
    }
    return y;
  }

  /// d U_blockᵀ
  private static double[] transposed(double[] d, double[] u, int width, int blocks, int block) {
    double[] y = new double[width];
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        y[i] += d[j] * u[(i * blocks + block) * width + j];
      }
    }
    return y;
  }

  /// Adds leftᵀ right to the columns of `to` from `column` on.
  private static void outer(double[] to, double[] left, double[] right, int stride, int column) {
    for (int i = 0; i < left.length; i++) {
      for (int j = 0; j < right.length; j++) {
        to[i * stride + column + j] += left[i] * right[j];
      }
    }
  }
}
