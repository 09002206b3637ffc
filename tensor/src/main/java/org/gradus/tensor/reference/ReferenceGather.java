// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.GatherKernels;
import org.gradus.tensor.Table;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;

/// Rows by index, and the adjoint scatter-add.
final class ReferenceGather implements GatherKernels {
  @Override
  public void gather(Buffer yb, Buffer xb, Buffer idsb, int outer, int n, int k, int inner) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    int[] ids = Ints.of(idsb);
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < k; j++) {
        for (int i = 0; i < inner; i++) {
          y[(o * k + j) * inner + i] = x[(o * n + ids[j]) * inner + i];
        }
      }
    }
  }

  @Override
  public void scatterAdd(Buffer xb, Buffer yb, Buffer idsb, int outer, int n, int k, int inner) {
    double[] x = Doubles.of(xb);
    double[] y = Doubles.of(yb);
    int[] ids = Ints.of(idsb);
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < k; j++) {
        for (int i = 0; i < inner; i++) {
          x[(o * n + ids[j]) * inner + i] += y[(o * k + j) * inner + i];
        }
      }
    }
  }

  @Override
  public void pick(Buffer yb, Buffer xb, Buffer idsb, int rows, int n) {
    double[] y = Doubles.of(yb);
    double[] x = Doubles.of(xb);
    int[] ids = Ints.of(idsb);
    for (int r = 0; r < rows; r++) {
      y[r] = x[r * n + ids[r]];
    }
  }

  @Override
  public void pickBackward(Buffer xb, Buffer yb, Buffer idsb, int rows, int n) {
    double[] x = Doubles.of(xb);
    double[] y = Doubles.of(yb);
    int[] ids = Ints.of(idsb);
    for (int r = 0; r < rows; r++) {
      x[r * n + ids[r]] += y[r];
    }
  }

  @Override
  public void rows(Buffer yb, Table table, Buffer idsb, int k) {
    double[] y = Doubles.of(yb);
    double[] w = ReferenceTable.of(table);
    int[] ids = Ints.of(idsb);
    int width = table.width();
    for (int j = 0; j < k; j++) {
      for (int d = 0; d < width; d++) {
        y[j * width + d] = w[ids[j] * width + d];
      }
    }
  }
}
