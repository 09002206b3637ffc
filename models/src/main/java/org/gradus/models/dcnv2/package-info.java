// SPDX-License-Identifier: Apache-2.0
/// **DCN V2**: R. Wang, R. Shivanna, D. Z. Cheng et al., "DCN V2: Improved Deep & Cross Network and Practical Lessons for
/// Web-scale Learning to Rank Systems", WWW 2021, [arXiv:2008.13535](https://arxiv.org/abs/2008.13535).
///
/// A cross layer multiplies the input, number by number, with a linear function of the current state, and adds the state
/// back. The matrix of that function is full, or of low rank, or a gated mixture of several of low rank.
///
/// | Paper | Here |
/// | --- | --- |
/// | W_embed,i, whose column of an id is its embedding e | `v/<table>`, whose row it is |
/// | W_l, b_l of cross layer l = 0 … L − 1 | `cross/<l>/w` (transposed), `cross/<l>/b` |
/// | U_l, V_l | `cross/<l>/u` (transposed), `cross/<l>/v` |
/// | U_lⁱ, C_lⁱ, V_lⁱ of expert i = 1 … K | entry i − 1 of `cross/<l>/u` (transposed), `cross/<l>/c` (transposed), `cross/<l>/v`, whose first axis is that of experts |
/// | G_i, whose weights γ_i are ours | column i − 1 of `cross/gate`, one for all layers, or of `cross/<l>/gate` |
/// | W_l, b_l of layer l of the deep network, from 0, which are others than above | `deep/<l>/weight` (transposed), `deep/<l>/bias`, batch norm in `deep/<l>/norm/…` |
/// | w_logit | `out/weight`; with `PARALLEL` for x_L first and the tower behind it |
/// | b_logit (ours) | `out/bias` |
@NullMarked
package org.gradus.models.dcnv2;

import org.jspecify.annotations.NullMarked;
