// SPDX-License-Identifier: Apache-2.0
/// **FiBiNET**: T. Huang, Z. Zhang, J. Zhang, "FiBiNET: Combining Feature Importance and Bilinear feature Interaction for
/// Click-Through Rate Prediction", RecSys 2019, [arXiv:1905.09433](https://arxiv.org/abs/1905.09433).
///
/// Squeeze and excitation learns how much each field counts; a bilinear product crosses every pair of embeddings, as they
/// are and rescaled.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀, w | `bias`, `w/<table>`, `w/numeric` |
/// | e | `v/<table>` |
/// | W₁, W₂ of SENET | `senet/w1`, `senet/w2` |
/// | W, Wᵢ, W_ij for p and for q | `bilinear/w`, `bilinearSenet/w`, matrices along the first axis |
/// | the tower | `deep/<l>/weight`, `deep/<l>/bias`, `out` |
@NullMarked
package org.gradus.models.fibinet;

import org.jspecify.annotations.NullMarked;
