// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Table;

/// Copies of our parameters in libtorch, leaves that want a gradient.
///
/// @param type float32, or float64 to compare formulas
record Weights(Params params, ScalarType type) {
  /// A dense parameter as a vector.
  Tensor vector(String path) {
    return leaf(values(path).reshape(-1).clone());
  }

  /// A weight `[in, out]` as libtorch's linear layers hold it, `[out, in]`.
  Tensor transposed(String path) {
    return leaf(values(path).t().contiguous());
  }

  /// Tables of the same width below each other.
  Tensor tables(List<String> paths) {
    List<Table> tables = paths.stream().map(this::find).toList();
    long rows = tables.stream().mapToLong(Table::rows).sum();
    int width = tables.getFirst().width();
    Tensor all = torch.empty(rows, width).to(type);
    long at = 0;
    for (Table t : tables) {
      all.narrow(0, at, t.rows()).copy_(Tensor.create(values(t), t.rows(), width));
      at += t.rows();
    }
    return leaf(all);
  }

  /// As [#tables], with the rows of more tables behind those of the first ones, side by side.
  Tensor joined(List<String> left, List<String> right) {
    return leaf(torch.cat(new TensorVector(tables(left).detach(), tables(right).detach()), 1));
  }

  private Tensor values(String path) {
    if (!(params.get(path) instanceof DenseParameter p)) {
      throw new IllegalArgumentException("peers: " + path + " is no dense parameter.");
    }
    int[] sizes = p.shape().toArray();
    long[] shape = new long[sizes.length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = sizes[i];
    }
    return Tensor.create(p.value().toFloats(), shape).to(type);
  }

  /// The rows of a table, on the host.
  static float[] values(Table table) {
    float[] values = new float[Math.toIntExact(table.elements())];
    table.read(0, values);
    return values;
  }

  private Table find(String path) {
    if (!(params.get(path) instanceof TableParameter t)) {
      throw new IllegalArgumentException("peers: " + path + " is no table.");
    }
    return t.table();
  }

  private static Tensor leaf(Tensor values) {
    values.set_requires_grad(true);
    return values;
  }
}
