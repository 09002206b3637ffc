// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.tensor.Device;

/// A model that is measured by more than its losses: by how often it is right.
public interface Rated extends Model {
  /// How often something was right.
  ///
  /// @param hits times that it was
  /// @param trials times that it could have been
  record Rate(long hits, long trials) {
    /// Both together.
    public Rate plus(Rate other) {
      return new Rate(hits + other.hits, trials + other.trials);
    }
  }

  /// Rates over a batch in evaluation, by name. Names are those of metrics: `valid.NAME`, `test.NAME`.
  ///
  /// @param device where the parameters are
  Map<String, Rate> rates(Batch batch, Device device);
}
