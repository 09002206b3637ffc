// SPDX-License-Identifier: Apache-2.0
/// **Deep & Cross**: R. Wang, B. Fu, G. Fu, M. Wang, "Deep & Cross Network for Ad Click Predictions", ADKDD 2017,
/// [arXiv:1708.05123](https://arxiv.org/abs/1708.05123).
///
/// A cross layer multiplies the input with one number made from the current state, and adds the state back: L layers make
/// products of up to L + 1 numbers of the input, at a cost that is linear in its width. A tower stands beside it.
///
/// | Paper | Here |
/// | --- | --- |
/// | W_embed,i, whose column of an id is its embedding e | `v/<table>`, whose row it is |
/// | w_l, b_l of cross layer l = 0 … L − 1, L being the paper's L₁ | `cross/<l>/w`, `cross/<l>/b` |
/// | W_l, b_l of the paper's eq. 4, layer l of the tower, from 0, where b_l is another than above | `deep/<l>/weight` (transposed), `deep/<l>/bias`, batch norm in `deep/<l>/norm/…` |
/// | w_logits, here w_logit | `out/weight`, for x_L first and h behind it |
/// | b_logit (ours) | `out/bias` |
@NullMarked
package org.gradus.models.dcn;

import org.jspecify.annotations.NullMarked;
