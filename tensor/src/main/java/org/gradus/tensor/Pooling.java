// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// How the vectors of a bag become one. An empty bag gives the zero vector and has zero gradient.
public enum Pooling {
  /// Σ aₖ vₖ, with weights a (1 when there are none).
  SUM,
  /// Σ aₖ vₖ / Σ aₖ, the weighted mean; 0 when the weights add up to 0.
  MEAN,
  /// Σ aₖ vₖ / K, whatever the weights.
  MEAN_COUNT,
  /// Σ aₖ vₖ / √(Σ aₖ²); 0 when all weights are 0.
  SQRTN,
  /// The largest component-wise; weights are not allowed. Ties go to the first.
  MAX
}
