// SPDX-License-Identifier: Apache-2.0
/// **DeepFM**: H. Guo, R. Tang, Y. Ye, Z. Li, X. He, "DeepFM: A Factorization-Machine based Neural Network for CTR
/// Prediction", IJCAI 2017, [arXiv:1703.04247](https://arxiv.org/abs/1703.04247).
///
/// An FM and a tower read the same embeddings, and their results are added. No hand-made crosses, no pre-training.
///
/// | Paper | Here |
/// | --- | --- |
/// | w | `w/<table>`, `w/numeric` |
/// | V | `v/<table>`, shared by the FM and the tower |
/// | W⁽ˡ⁾, b⁽ˡ⁾ | `deep/<l>/weight`, `deep/<l>/bias` |
/// | last W | `out` |
/// | bias | `bias`, one for the model |
@NullMarked
package org.gradus.models.deepfm;

import org.jspecify.annotations.NullMarked;
