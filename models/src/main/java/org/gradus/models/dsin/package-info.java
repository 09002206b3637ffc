// SPDX-License-Identifier: Apache-2.0
/// **DSIN**: Y. Feng, F. Lv, W. Shen, M. Wang, F. Sun, Y. Zhu, K. Yang, "Deep Session Interest Network for Click-Through Rate
/// Prediction", IJCAI 2019, [arXiv:1905.06482](https://arxiv.org/abs/1905.06482).
///
/// What a user does within half an hour is about one thing; the next session may be about another. Self-attention, one for all
/// sessions, makes one interest of each; a bidirectional LSTM lets the interests follow one another; and two activations, one
/// over each, pick what concerns the candidate.
///
/// | Paper | Here |
/// | --- | --- |
/// | embeddings of items, user, context | `v/<table>`, one table for candidate and sessions |
/// | bias encoding w^K, w^T, w^C | `positions/session`, `positions/step`, `positions/feature` |
/// | W^Q, W^K, W^V, W^O | `attention/query/weight`, …, `attention/out/weight` |
/// | feed-forward network, layer norms | `ffn/0/…`, `ffn/1/…`, `norm/0/…`, `norm/1/…` |
/// | I_k | what [InterestExtractor] returns |
/// | Bi-LSTM, H_k | `lstm/<l>/forward/…`, `lstm/<l>/backward/…` |
/// | W^I, W^H of the activation units | `activation/interests/weight`, `activation/states/weight` |
/// | MLP 200 – 80 – 2 | `deep/<l>/…`, `out/…` with one logit |
@NullMarked
package org.gradus.models.dsin;

import org.jspecify.annotations.NullMarked;
