// SPDX-License-Identifier: Apache-2.0
/// **DIEN**: G. Zhou, N. Mou, Y. Fan, Q. Pi, W. Bian, C. Zhou, X. Zhu, K. Gai, "Deep Interest Evolution Network for Click-Through
/// Rate Prediction", AAAI 2019, [arXiv:1809.03672](https://arxiv.org/abs/1809.03672).
///
/// What a user does shows what he is interested in, and interests change. A recurrent layer extracts an interest from every step,
/// and is taught to expect the next one; a second one, whose update gate attention holds back, follows only what concerns the
/// candidate.
///
/// | Paper | Here |
/// | --- | --- |
/// | embeddings of target ad, behaviours, profile, context | `v/<table>`, one table for candidate and behaviours |
/// | GRU of the interest extractor layer | `interest/<history>/extractor/…` |
/// | L_aux | the loss `aux`; `interest/<history>/auxiliary/…` where it has parameters |
/// | W of the attention, [n_H, n_A] | `interest/<history>/attention/weight`, its transpose |
/// | AIGRU, AGRU, AUGRU | `interest/<history>/evolution/…`; AGRU has no block of the update gate |
/// | α of L_target + α L_aux | the factor of `aux` in the trainer's loss |
/// | MLP | `deep/<l>/…`, `out/…` with one logit |
@NullMarked
package org.gradus.models.dien;

import org.jspecify.annotations.NullMarked;
