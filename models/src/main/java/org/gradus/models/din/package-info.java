// SPDX-License-Identifier: Apache-2.0
/// **DIN**: G. Zhou, C. Song, X. Zhu, Y. Fan, H. Zhu, X. Ma, Y. Yan, J. Jin, H. Li, K. Gai, "Deep Interest Network for
/// Click-Through Rate Prediction", KDD 2018, [arXiv:1706.06978](https://arxiv.org/abs/1706.06978).
///
/// One pooled vector of everything that a user did cannot say which of it matters for this candidate. A small network looks at
/// each behaviour beside the candidate and says how much it counts.
///
/// | Paper | Here |
/// | --- | --- |
/// | embeddings of candidate, behaviours, profile, context | `v/<table>`, one table for candidate and behaviours |
/// | activation unit | `attention/<history>/<l>/…`, `attention/<history>/out/…` |
/// | a(e_t, v_A) | `weights` of [org.gradus.layers.LocalActivationUnit] |
/// | Dice: α | `…/activation/alpha` |
/// | MLP 200 – 80 – 2 | `deep/<l>/…`, `out/…` with one logit |
/// | mini-batch aware regularization | the penalty `DIN` of the trainer |
@NullMarked
package org.gradus.models.din;

import org.jspecify.annotations.NullMarked;
