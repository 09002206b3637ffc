// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Counter;

/// Tables written and their gradients read, in tests.
final class Tables {
  private Tables() {}

  /// Random rows; those of a padding id stay zero. Returns `[rows · D]`.
  static double[] fill(TableParameter table, long seed) {
    int width = table.table().width();
    double[] values = new double[table.table().rows() * width];
    for (int i = 0; i < values.length; i++) {
      boolean padding = i / width == table.paddingId();
      values[i] = padding ? 0 : 2 * Counter.uniform53(seed, i) - 1;
    }
    table.table().write(0, values);
    return values;
  }

  /// The gradient of a table as `[rows · D]`, with NaN in rows that have none.
  static double[] gradient(Gradients gradients, TableParameter table) {
    int width = table.table().width();
    double[] dense = new double[table.table().rows() * width];
    java.util.Arrays.fill(dense, Double.NaN);
    if (gradients.of(table) instanceof Gradient.Rows rows) {
      int[] ids = rows.rows().toInts();
      double[] values = rows.values().toDoubles();
      for (int i = 0; i < rows.count(); i++) {
        System.arraycopy(values, i * width, dense, ids[i] * width, width);
      }
    }
    return dense;
  }
}
