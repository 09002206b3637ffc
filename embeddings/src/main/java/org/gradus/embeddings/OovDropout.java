// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.tensor.Counter;

/// Replaces a random share of known ids by 1, out of vocabulary, in training. Otherwise row 1 is
/// trained only if some training values are unknown, and unseen values of the test set meet an untrained vector.
///
/// What is replaced is a function of (seed, step, position in `values`). Padding stays padding.
///
/// @param share of ids that are replaced, 0 ≤ share < 1
/// @param seed the run's seed
public record OovDropout(float share, long seed) {
  /// Checks the share.
  public OovDropout {
    if (!(share >= 0 && share < 1)) {
      throw new IllegalArgumentException(
          "oov dropout: share " + share + ". Expected 0 ≤ share < 1.");
    }
  }

  /// The ids for a training step; a new tensor unless the share is 0.
  public KeyedJaggedTensor apply(KeyedJaggedTensor ids, long step) {
    if (share == 0) {
      return ids;
    }
    long key = Counter.key(Counter.key(seed, "oovDropout"), step);
    int[] values = ids.values().clone();
    for (int i = 0; i < values.length; i++) {
      if (values[i] > 1 && Counter.uniform(key, i) < share) {
        values[i] = 1;
      }
    }
    return ids.withValues(values);
  }

  /// The batch for a training step.
  public Batch apply(Batch batch, long step) {
    return share == 0 ? batch : batch.withSparse(batch.schema(), apply(batch.sparse(), step));
  }
}
