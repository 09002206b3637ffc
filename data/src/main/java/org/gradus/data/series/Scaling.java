// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// What becomes of a variable before a model sees it.
public enum Scaling {
  /// nothing
  NONE,
  /// (x − μ) / σ, σ² divided by the number of values; half of the numbers are then negative, whatever the quantity
  STANDARD,
  /// (x − min) / (max − min): 0 to 1 on the training rows, and beyond on others
  MINMAX,
  /// x / max |x|: 0 stays 0
  MAX,
  /// x / mean: 0 stays 0, and the mean of the training rows is 1
  MEAN
}
