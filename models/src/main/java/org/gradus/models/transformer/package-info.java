// SPDX-License-Identifier: Apache-2.0
/// **Transformer**: A. Vaswani, N. Shazeer, N. Parmar, J. Uszkoreit, L. Jones, A. N. Gomez, Ł. Kaiser, I. Polosukhin, "Attention
/// Is All You Need", NIPS 2017, [arXiv:1706.03762](https://arxiv.org/abs/1706.03762).
///
/// Sequence to sequence without recurrence: attention mixes positions, a position-wise network mixes features, residual paths keep
/// deep stacks trainable, and vectors of positions put order back. All positions train at once; writing goes step by step.
///
/// | Paper | Here |
/// | --- | --- |
/// | input and output embedding | `embeddings/<table>` |
/// | W^Q, W^K, W^V, W^O of all heads | `encoder/<l>/attention/query/weight`, `key`, `value`, `out` |
/// | attention over the encoder's output | `decoder/<l>/cross/…` |
/// | W₁, b₁, W₂, b₂ | `…/network/widen/…`, `…/network/narrow/…` |
/// | layer normalisation | `…/norm/scale`, `…/norm/shift` |
/// | linear before the softmax | `out/weight`, or the target's table |
/// | label smoothing | [org.gradus.models.transformer.LabelSmoothing] |
/// | beam search | [org.gradus.models.transformer.Decoding] |
/// | learning rate (3) | the schedule `Noam` of the trainer |
@NullMarked
package org.gradus.models.transformer;

import org.jspecify.annotations.NullMarked;
