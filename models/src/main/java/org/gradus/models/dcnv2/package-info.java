// SPDX-License-Identifier: Apache-2.0
/// **DCN V2**: R. Wang, R. Shivanna, D. Z. Cheng et al., "DCN V2: Improved Deep & Cross Network and Practical Lessons for
/// Web-scale Learning to Rank Systems", WWW 2021, [arXiv:2008.13535](https://arxiv.org/abs/2008.13535).
///
/// A cross layer multiplies the input, number by number, with a linear function of the current state, and adds the state
/// back. The matrix is full, or of low rank, or a gated mixture of several of low rank.
///
/// | Paper | Here |
/// | --- | --- |
/// | W_embed,i | `v/<table>` |
/// | W_l, b_l | `cross/<l>/w` (transposed), `cross/<l>/b` |
/// | U_l, V_l | `cross/<l>/u` (transposed), `cross/<l>/v` |
/// | U_lⁱ, C_lⁱ, V_lⁱ | the same names with an axis of experts in front, and `cross/<l>/c` (transposed) |
/// | G_i | γ: `cross/gate`, one for all layers, or `cross/<l>/gate` |
/// | W_hl, b_hl | `deep/<l>/weight`, `deep/<l>/bias` |
/// | w_logit | `out/weight`, with `out/bias` |
@NullMarked
package org.gradus.models.dcnv2;

import org.jspecify.annotations.NullMarked;
