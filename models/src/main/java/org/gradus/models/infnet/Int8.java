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
/// [#round] moves the parameters of a model to the numbers that eight bits can say; [Products] multiplies in them.
public final class Int8 {
  private static final int MOST = 127;
  private static final int MOST_WITHOUT_SIGN = 255;

  private Int8() {}

  /// A row in eight bits.
  ///
  /// @param scale s
  /// @param q −127 … 127
  public record Row(double scale, byte[] q) {
    /// The nearest row.
    public static Row of(double... v) {
      double scale = scaleOf(v, 0, v.length);
      byte[] q = new byte[v.length];
      for (int i = 0; i < v.length; i++) {
        q[i] = (byte) nearest(v[i], scale); //  (IN-24)
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

  /// Rows of one width, one behind the other.
  ///
  /// @param width of each
  /// @param scales s of each
  /// @param q all of them
  record Rows(int width, double[] scales, int[] q) {
    /// The nearest rows.
    static Rows of(double[] v, int width) {
      double[] scales = new double[v.length / width];
      int[] q = new int[v.length];
      for (int row = 0; row < scales.length; row++) {
        int from = row * width;
        scales[row] = scaleOf(v, from, from + width);
        for (int i = from; i < from + width; i++) {
          q[i] = nearest(v[i], scales[row]);
        }
      }
      return new Rows(width, scales, q);
    }

    /// Weights of attentions without sign, 0 … 255, and made to sum to 1 again: the integers need not sum to 255.
    static Rows shares(double[] alpha, int width) {
      double[] scales = new double[alpha.length / width];
      int[] q = new int[alpha.length];
      for (int row = 0; row < scales.length; row++) {
        int sum = 0;
        for (int i = row * width; i < (row + 1) * width; i++) {
          q[i] = (int) Math.floor(MOST_WITHOUT_SIGN * alpha[i] + 0.5);
          sum += q[i];
        }
        scales[row] = 1.0 / Math.max(1, sum); // a query without keys has no weights
      }
      return new Rows(width, scales, q);
    }

    /// The products of all rows of each group of these with all of the same group of others, `[groups, m, n]`; whoever has fewer groups
    /// repeats them. Up to 66,311 numbers of a row have room in 32 bits.
    double[] times(int groups, Rows other, int otherGroups) {
      int m = scales.length / groups;
      int n = other.scales.length / otherGroups;
      int all = Math.max(groups, otherGroups);
      double[] found = new double[all * m * n];
      int at = 0;
      for (int g = 0; g < all; g++) {
        int own = g % groups * m;
        int others = g % otherGroups * n;
        for (int i = own; i < own + m; i++) {
          for (int j = others; j < others + n; j++) {
            int sum = 0;
            for (int c = 0; c < width; c++) {
              sum += q[i * width + c] * other.q[j * width + c];
            }
            found[at++] = sum * (scales[i] * other.scales[j]);
          }
        }
      }
      return found;
    }
  }

  /// Weights of an attention in eight bits without sign.
  public static double[] shares(double... alpha) {
    Rows rows = Rows.shares(alpha, alpha.length);
    return Arrays.stream(rows.q).mapToDouble(q -> q * rows.scales[0]).toArray();
  }

  private static double scaleOf(double[] v, int from, int to) {
    double largest = 0;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, Math.abs(v[i]));
    }
    return largest == 0 ? 1 : largest / MOST;
  }

  private static int nearest(double v, double scale) {
    int away = (int) Math.min(MOST, Math.floor(Math.abs(v / scale) + 0.5));
    return v < 0 ? -away : away;
  }

  /// Moves tables, matrices of attention and learned proxies of a model to what eight bits can say: of rows, and of the columns of
  /// matrices, for the sums of a product run along them.
  ///
  /// @return how many rows and columns there were
  public static long round(Params params) {
    long rows = 0;
    for (Parameter p : params.all()) {
      rows +=
          switch (p) {
            case TableParameter t -> round(t);
            case DenseParameter d when d.path().contains("/attention/") -> roundColumns(d);
            case DenseParameter d when d.path().contains("/learned") -> roundRows(d);
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

  private static int roundRows(DenseParameter matrix) {
    double[] values = matrix.value().toDoubles();
    int width = matrix.shape().size(-1);
    for (int from = 0; from < values.length; from += width) {
      double[] rounded = Row.of(Arrays.copyOfRange(values, from, from + width)).values();
      System.arraycopy(rounded, 0, values, from, width);
    }
    matrix.write(values);
    return values.length / width;
  }

  private static int roundColumns(DenseParameter matrix) {
    double[] values = matrix.value().toDoubles();
    int columns = matrix.shape().size(-1);
    double[] column = new double[values.length / columns];
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < column.length; i++) {
        column[i] = values[i * columns + j];
      }
      double[] rounded = Row.of(column).values();
      for (int i = 0; i < column.length; i++) {
        values[i * columns + j] = rounded[i];
      }
    }
    matrix.write(values);
    return columns;
  }
}
