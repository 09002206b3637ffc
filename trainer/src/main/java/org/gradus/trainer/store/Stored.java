// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Table;
import org.gradus.tensor.Tensor;

/// Numbers on a device that a file holds or shall hold.
public sealed interface Stored {
  /// Sizes of the axes; their product may exceed an int.
  List<Integer> sizes();

  /// A tensor.
  record Dense(Tensor tensor) implements Stored {
    @Override
    public List<Integer> sizes() {
      List<Integer> sizes = new ArrayList<>();
      for (int size : tensor.shape().toArray()) {
        sizes.add(size);
      }
      return List.copyOf(sizes);
    }
  }

  /// A matrix whose rows are columns in the file, or a stack of such matrices, `[…, in, out]` here and `[…, out, in]` there.
  record Transposed(Tensor tensor) implements Stored {
    @Override
    public List<Integer> sizes() {
      List<Integer> sizes = new ArrayList<>(new Dense(tensor).sizes());
      Collections.swap(sizes, sizes.size() - 2, sizes.size() - 1);
      return List.copyOf(sizes);
    }

    /// As the numbers lie in the file.
    double[] turned() {
      return turned(tensor.toDoubles(), tensor.shape().size(-2), tensor.shape().size(-1));
    }

    /// As they lie here.
    ///
    /// @param values as in the file
    double[] back(double[] values) {
      return turned(values, tensor.shape().size(-1), tensor.shape().size(-2));
    }

    /// Each matrix of so many rows and columns the other way, row by row.
    private static double[] turned(double[] values, int rows, int columns) {
      double[] turned = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        int inside = i % (rows * columns); // its matrix
        turned[i - inside + inside % columns * rows + inside / columns] = values[i];
      }
      return turned;
    }
  }

  /// A table, copied some rows at a time.
  record Rows(Table table) implements Stored {
    @Override
    public List<Integer> sizes() {
      return List.of(table.rows(), table.width());
    }
  }

  /// Every parameter by path, moving statistics included.
  static SortedMap<String, Stored> of(Params params) {
    SortedMap<String, Stored> found = new TreeMap<>();
    params
        .all()
        .forEach(
            p ->
                found.put(
                    p.path(),
                    switch (p) {
                      case DenseParameter d -> new Dense(d.value());
                      case TableParameter t -> new Rows(t.table());
                    }));
    return found;
  }
}
