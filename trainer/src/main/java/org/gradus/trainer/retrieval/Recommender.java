// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Tape;
import org.gradus.embeddings.Batch;
import org.gradus.models.Retriever;
import org.gradus.tensor.Device;

/// The vectors of a model, taken off its device.
///
/// @param model that was trained
/// @param device where its parameters are
public record Recommender(Retriever model, Device device) {
  /// The vectors of all items by their ids, to be indexed: what a model exports ranks by inner product.
  public VectorIndex.Vectors items() {
    try (Tape tape = Tape.evaluating(device)) {
      var v = model.itemVectors(tape).value();
      int width = v.shape().size(1);
      int[] ids =
          IntStream.range(0, v.shape().size(0)).map(j -> j + Retriever.FIRST_ITEM).toArray();
      return new VectorIndex.Vectors(ids, floats(v.toDoubles()), width, VectorIndex.Metric.DOT);
    }
  }

  /// One vector for each example, batch after batch.
  public float[][] users(List<Batch> batches) {
    List<float[]> all = new ArrayList<>();
    for (Batch batch : batches) {
      try (Tape tape = Tape.evaluating(device)) {
        var u = model.userVectors(batch, Mode.evaluation(tape)).value();
        float[] flat = floats(u.toDoubles());
        int width = u.shape().size(1);
        for (int b = 0; b < batch.size(); b++) {
          all.add(java.util.Arrays.copyOfRange(flat, b * width, (b + 1) * width));
        }
      }
    }
    return all.toArray(float[][]::new);
  }

  private static float[] floats(double... values) {
    float[] f = new float[values.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) values[i];
    }
    return f;
  }
}
