// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

/// How a cross network and a tower stand to each other in Deep & Cross, both papers of it (DCN-6). x₀ is the input, x_L what
/// the cross network makes of it, z the score, w_logit its weights, b_logit its bias, and [;] puts vectors one behind the
/// other.
public enum CrossStructure {
  /// both read x₀, and the score reads both: z = w_logitᵀ [x_L; tower(x₀)] + b_logit
  PARALLEL,
  /// the tower reads what the cross network made: z = w_logitᵀ tower(x_L) + b_logit
  STACKED,
  /// there is no tower: z = w_logitᵀ x_L + b_logit
  CROSS_ONLY
}
