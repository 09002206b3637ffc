// SPDX-License-Identifier: Apache-2.0
/// **FiBiNET**: T. Huang, Z. Zhang, J. Zhang, "FiBiNET: Combining Feature Importance and Bilinear feature Interaction for
/// Click-Through Rate Prediction", RecSys 2019, [arXiv:1905.09433](https://arxiv.org/abs/1905.09433).
///
/// Squeeze and excitation learns how much each field counts; a bilinear product crosses every pair of embeddings, as they
/// are and rescaled. Fields i and j are counted from 0, in the order of the schema.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀, w | `bias`; `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | e, E | rows of `v/<table>` (not the paper's v); `e` in `FiBiNet.forward` |
/// | k, f | `embeddingDim`; number of fields |
/// | Z = [z₁, …] | the row z, `z` in `Senet` |
/// | r, and f/r | `reductionRatio`; f_r = max(1, ⌊f/r⌋), `reduced` in `Senet` |
/// | W₁, W₂ of SENET | `senet/w1` `[f, f_r]`, `senet/w2` `[f_r, f]` |
/// | σ₁, σ₂ | ReLU, `excitationActivation` |
/// | A, a number per field | what `Senet.weights` gives |
/// | v, V | `v` in `FiBiNet.forward` |
/// | W, Wᵢ, W_ij for p and for q | `bilinear/w`, `bilinearSenet/w`, several matrices along the first axis: i, or pairs 01, 02, …, 12, … |
/// | p, q, c | `p`, `q`, `c` in `FiBiNet.forward` |
/// | the tower | `deep/<l>/weight`, `deep/<l>/bias`, layer l from 0; w_o is `out` |
/// | ŷ | the sigmoid of the logit y, in the loss |
/// | layer norm of p and of q (ours) | `norm/scale`, `norm/shift`; `normSenet/scale`, `normSenet/shift` |
@NullMarked
package org.gradus.models.fibinet;

import org.jspecify.annotations.NullMarked;
