// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import org.gradus.autograd.Mode;
import org.gradus.embeddings.Batch;

/// A paper's forward pass.
@FunctionalInterface
public interface Model {
  /// Computes the heads, and the auxiliary losses that the paper defines, for a batch of the schema that the model was
  /// built from.
  Outputs forward(Batch batch, Mode mode);

  /// Refuses labels that contradict what the model assumes of them. Whoever trains on a batch, or measures with it, asks first;
  /// a forward pass reads no label.
  default void checkLabels(Batch batch) {}
}
