// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

/// How a cross network and a tower stand to each other in Deep & Cross, both papers of it (DCN-6).
public enum CrossStructure {
  /// both read x₀, and the logit reads both: z = wᵀ[x_L; h(x₀)] + b
  PARALLEL,
  /// the tower reads what the cross network made: z = wᵀ h(x_L) + b
  STACKED,
  /// there is no tower: z = wᵀ x_L + b
  CROSS_ONLY
}
