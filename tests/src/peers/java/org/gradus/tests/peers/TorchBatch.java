// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradus.embeddings.Batch;

/// One of our batches in libtorch.
///
/// @param ids of separate tables `[F, B]`, of a fused table `[B, F]`, each field's ids behind those of the fields before
/// @param dense `[B, c]`
/// @param label `[B, 1]`
record TorchBatch(Tensor ids, Tensor dense, Tensor label) {
  /// Copies of batches.
  ///
  /// @param fused whether there is one table for all fields
  static List<TorchBatch> of(List<Batch> batches, boolean fused, ScalarType type) {
    return batches.stream().map(b -> of(b, fused, type)).toList();
  }

  private static TorchBatch of(Batch batch, boolean fused, ScalarType type) {
    int size = batch.size();
    int fields = batch.schema().ids().size();
    int[] values = batch.sparse().values(); // [F, B]
    long[] ids = Arrays.stream(values).asLongStream().toArray();
    if (fused) {
      long offset = 0;
      for (int f = 0; f < fields; f++) {
        for (int b = 0; b < size; b++) {
          ids[b * fields + f] = offset + values[f * size + b];
        }
        offset += batch.schema().ids().get(f).size();
      }
    }
    Tensor all = fused ? Tensor.create(ids, size, fields) : Tensor.create(ids, fields, size);
    return new TorchBatch(
        all,
        Tensor.create(batch.dense(), size, batch.schema().dense().size()).to(type),
        Tensor.create(batch.label("label"), size, 1).to(type));
  }
}
