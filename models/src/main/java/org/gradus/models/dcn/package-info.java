// SPDX-License-Identifier: Apache-2.0
/// **Deep & Cross**: R. Wang, B. Fu, G. Fu, M. Wang, "Deep & Cross Network for Ad Click Predictions", ADKDD 2017,
/// [arXiv:1708.05123](https://arxiv.org/abs/1708.05123).
///
/// A cross layer multiplies the input with one number made from the current state, and adds the state back: L layers make
/// products of up to L + 1 numbers at a cost that is linear in the width. A tower stands beside it.
///
/// | Paper | Here |
/// | --- | --- |
/// | W_embed,i | `v/<table>` |
/// | w_l, b_l | `cross/<l>/w`, `cross/<l>/b` |
/// | W_hl, b_hl | `deep/<l>/weight`, `deep/<l>/bias`, batch norm in `deep/<l>/norm/…` |
/// | w_logit | `out/weight`; our bias `out/bias` |
@NullMarked
package org.gradus.models.dcn;

import org.jspecify.annotations.NullMarked;
