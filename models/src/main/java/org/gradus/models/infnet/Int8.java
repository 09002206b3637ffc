// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.Arrays;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;

/// Numbers in eight bits, row by row: an addition, for inference.
///
/// ```
/// s = max|v| / 127, 1 for a row of zeros;  q = round(v / s), ties away from 0;  v̂ = s q,  |v − v̂| ≤ s/2     (IN-24)
/// ```
///
/// What it costs in accuracy can be seen with [#round]: it moves parameters to the numbers that eight bits can say. Kernels that
/// compute in integers are not here.
public final class Int8 {
  private static final int MOST = 127;

  private Int8() {}

  /// A row in eight bits.
  ///
  /// @param scale s
  /// @param q −127 … 127
  public record Row(double scale, byte[] q) {
    /// The nearest row.
    public static Row of(double... v) {
      double largest = Arrays.stream(v).map(Math::abs).max().orElse(0);
      double scale = largest == 0 ? 1 : largest / MOST;
      byte[] q = new byte[v.length];
      for (int i = 0; i < v.length; i++) {
        double away = Math.floor(Math.abs(v[i] / scale) + 0.5); //  (IN-24)
        q[i] = (byte) Math.copySign(Math.min(away, MOST), v[i]);
      }
      return new Row(scale, q);
    }

    /// v̂
    public double[] values() {
      double[] v = new double[q.length];
      Arrays.setAll(v, i -> scale * q[i]);
      return v;
    }

    /// The product of two rows, added in 32 bits; up to 133,144 numbers have room there.
    public double dot(Row other) {
      int sum = 0;
      for (int i = 0; i < q.length; i++) {
        sum += q[i] * other.q[i];
      }
      return sum * (scale * other.scale);
    }
  }

  /// Weights of an attention in eight bits without sign, and made to sum to 1 again: the integers need not sum to 255.
  public static double[] shares(double... alpha) {
    double[] q = Arrays.stream(alpha).map(a -> Math.floor(255 * a + 0.5)).toArray();
    double sum = Math.max(1, Arrays.stream(q).sum());
    return Arrays.stream(q).map(x -> x / sum).toArray();
  }

  /// Moves tables, matrices of attention and learned proxies of a model to what eight bits can say of their rows.
  ///
  /// @return how many rows there were
  public static long round(Params params) {
    long rows = 0;
    for (Parameter p : params.all()) {
      rows +=
          switch (p) {
            case TableParameter t -> round(t);
            case DenseParameter d
                when d.path().contains("/attention/") || d.path().contains("/learned") ->
                round(d);
            case DenseParameter _ -> 0;
          };
    }
    return rows;
  }

  private static int round(TableParameter table) {
    double[] row = new double[table.table().width()];
    for (int r = 0; r < table.table().rows(); r++) {
      table.table().read(r, row);
      table.table().write(r, Row.of(row).values());
    }
    return table.table().rows();
  }

  private static int round(DenseParameter matrix) {
    double[] values = matrix.value().toDoubles();
    int width = matrix.shape().size(-1);
    for (int from = 0; from < values.length; from += width) {
      double[] rounded = Row.of(Arrays.copyOfRange(values, from, from + width)).values();
      System.arraycopy(rounded, 0, values, from, width);
    }
    matrix.write(values);
    return values.length / width;
  }
}
