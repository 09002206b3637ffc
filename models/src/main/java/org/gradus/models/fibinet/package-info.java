// SPDX-License-Identifier: Apache-2.0
/// **FiBiNET**: T. Huang, Z. Zhang, J. Zhang, "FiBiNET: Combining Feature Importance and Bilinear feature Interaction for
/// Click-Through Rate Prediction", RecSys 2019, [arXiv:1905.09433](https://arxiv.org/abs/1905.09433).
///
/// Squeeze and excitation learns how much each field counts; a bilinear product crosses every pair of embeddings, as they
/// are and rescaled.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀, w | `bias`; `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | e, E | `v/<table>`; `e` in `FiBiNet.forward` |
/// | k, f | `embeddingDim`; number of fields |
/// | z, Z | `z` in `Senet` |
/// | r, f_r = max(1, ⌊f/r⌋) | `reductionRatio`, `reduced` |
/// | W₁, W₂ of SENET | `senet/w1` `[f, f_r]`, `senet/w2` `[f_r, f]` |
/// | σ₁, σ₂ | ReLU, `excitationActivation` |
/// | A | what `Senet.weights` gives |
/// | v, V | `v` in `FiBiNet.forward` |
/// | W, Wᵢ, W_ij for p and for q | `bilinear/w`, `bilinearSenet/w`, matrices along the first axis |
/// | p, q, c | `p`, `q`, `c` in `FiBiNet.forward` |
/// | the tower | `deep/<l>/weight`, `deep/<l>/bias`, `out` |
/// | ŷ | σ(y), y being the logit |
@NullMarked
package org.gradus.models.fibinet;

import org.jspecify.annotations.NullMarked;
