// SPDX-License-Identifier: Apache-2.0
/// **DeepFM**: H. Guo, R. Tang, Y. Ye, Z. Li, X. He, "DeepFM: A Factorization-Machine based Neural Network for CTR
/// Prediction", IJCAI 2017, [arXiv:1703.04247](https://arxiv.org/abs/1703.04247).
///
/// An FM and a tower read the same embeddings, and their results are added. No hand-made crosses, no pre-training.
///
/// | Paper | Here |
/// | --- | --- |
/// | w | `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | V | `v/<table>`, and `v/numeric` with `SCALED_EMBEDDING`, shared by the FM and the tower |
/// | W⁽ˡ⁾, b⁽ˡ⁾, l = 0 … H − 1 | `deep/<l>/weight`, transposed, `deep/<l>/bias` |
/// | the last W of the tower, to its one output | w_o: `out` |
/// | bias of that output | w₀: `bias`, one for the model |
/// | linear layer over embeddings (ours) | `linear`, with `firstOrder=EMBEDDING_LINEAR` |
@NullMarked
package org.gradus.models.deepfm;

import org.jspecify.annotations.NullMarked;
