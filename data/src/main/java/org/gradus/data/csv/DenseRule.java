// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

/// How a dense column is transformed, after empty cells were filled.
enum DenseRule {
  /// x
  NONE,
  /// ln(1 + x)
  LOG1P,
  /// (x − μ) / σ with mean and standard deviation of the training rows; x − μ where σ is 0
  STANDARDISE
}
