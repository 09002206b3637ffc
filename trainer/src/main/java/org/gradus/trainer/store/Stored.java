// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.store;

import java.util.ArrayList;
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
