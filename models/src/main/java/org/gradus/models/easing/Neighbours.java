// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.tensor.Counter;

/// A sample of the neighbours of every node of a batch, in training only.
///
/// @param most how many per node and field of several ids; 0 for all
/// @param path that random numbers are drawn for
record Neighbours(int most, String path) {
  Neighbours {
    if (most < 0) {
      throw new IllegalArgumentException(
          "easing: " + most + " neighbours. Expected at least 0, which is all of them.");
    }
  }

  /// The batch with no more than `most` ids in a field of several, drawn without replacement; padding is no neighbour. Their order
  /// stays.
  Batch of(Batch batch, Mode mode) {
    if (most == 0 || !mode.training()) {
      return batch;
    }
    long key = mode.draw(path + "/neighbours");
    KeyedJaggedTensor all = batch.sparse();
    if (all.weights() != null) {
      throw new IllegalArgumentException(
          "easing: a sample of neighbours that have weights. Expected none, or neighbours=0.");
    }
    List<Field.Ids> fields = batch.schema().ids();
    int[] kept = new int[all.values().length];
    int[] lengths = new int[all.offsets().length - 1];
    int size = 0;
    for (int bag = 0; bag < lengths.length; bag++) {
      int[] ids = Arrays.copyOfRange(all.values(), all.offsets()[bag], all.offsets()[bag + 1]);
      if (fields.get(bag / all.stride()) instanceof Field.MultiValued) {
        ids = sample(ids, Counter.key(key, bag));
      }
      System.arraycopy(ids, 0, kept, size, ids.length);
      lengths[bag] = ids.length;
      size += ids.length;
    }
    return batch.withSparse(
        batch.schema(),
        KeyedJaggedTensor.fromLengths(all.keys(), Arrays.copyOf(kept, size), lengths));
  }

  /// Goes through the ids and keeps each with the probability that leaves every set of `most` equally likely (Knuth, algorithm 3.4.2 S).
  private int[] sample(int[] ids, long key) {
    int[] real = Arrays.stream(ids).filter(id -> id != 0).toArray();
    if (real.length <= most) {
      return real;
    }
    int[] found = new int[most];
    int n = 0;
    for (int i = 0; n < most; i++) {
      if (Counter.below(key, i, real.length - i) < most - n) {
        found[n++] = real[i];
      }
    }
    return found;
  }
}
