// SPDX-License-Identifier: Apache-2.0
/// **AFM**: J. Xiao, H. Ye, X. He, H. Zhang, F. Wu, T.-S. Chua, "Attentional Factorization Machines: Learning the Weight of
/// Feature Interactions via Attention Networks", IJCAI 2017, [arXiv:1708.04617](https://arxiv.org/abs/1708.04617).
///
/// In FM every pair of features counts alike. AFM lets a small network look at the product of each pair and say how much the
/// pair counts.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀, w | `bias`; `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | v_i | `v/<table>`, and `v/numeric` for dense fields |
/// | k, the length of v_i | `embeddingDim`, D |
/// | W (t × D), b, and their number of rows t | `attention/weight` (transposed), `attention/bias`, `attentionFactor` |
/// | h | `attention/h` |
/// | a_ij | `Afm.attention(batch, mode)`, no parameters |
/// | p | `out` |
/// | the tower above u (ours) | `norm/…`, and `deep/<layer>/weight`, `deep/<layer>/bias`, layers from 0 |
@NullMarked
package org.gradus.models.afm;

import org.jspecify.annotations.NullMarked;
