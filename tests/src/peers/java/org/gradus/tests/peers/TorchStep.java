// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A training step in libtorch, with our weights and our batches.
interface TorchStep {
  /// Runs the next step and returns its loss.
  double run();

  /// The embeddings as they stand: one table for all fields, or one each, in the order of fields; none without fields.
  default List<Tensor> tables() {
    return List.of();
  }

  /// The rows of a field's table.
  ///
  /// @param rows number of rows of each field
  default float[] table(int field, int rows) {
    List<Tensor> all = tables();
    Tensor own =
        all.size() > 1 ? all.get(field) : all.getFirst().narrow(0, (long) field * rows, rows);
    float[] values = new float[Math.toIntExact(own.numel())];
    own.detach().to(ScalarType.Float).contiguous().data_ptr_float().get(values);
    return values;
  }

  /// Tensors as libtorch takes several.
  static TensorVector vector(List<Tensor> tensors) {
    return new TensorVector(tensors.toArray(Tensor[]::new));
  }
}
