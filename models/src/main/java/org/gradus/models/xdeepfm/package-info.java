// SPDX-License-Identifier: Apache-2.0
/// **xDeepFM**: J. Lian, X. Zhou, F. Zhang, Z. Chen, X. Xie, G. Sun, "xDeepFM: Combining Explicit and Implicit Feature
/// Interactions for Recommender Systems", KDD 2018, [arXiv:1803.05170](https://arxiv.org/abs/1803.05170).
///
/// A compressed interaction network multiplies whole embeddings, one order more per layer; a linear part and a tower stand
/// beside it. k counts the layers of the network, l those of the tower, h the maps of a layer, i the maps that it reads, of which
/// X⁰ has m, and j the fields, all from 1.
///
/// | Paper | Here |
/// | --- | --- |
/// | a, the raw features of the linear part | the ids and dense fields of a batch |
/// | w_linear | `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | e, X⁰ | rows of `v/<table>`; m fields with ids |
/// | W^{k,h} | `cin/<k−1>/w`, row (i−1)·m + j−1, column h−1; of rank L: `cin/<k−1>/u`, `cin/<k−1>/v`, columns (h−1)·L … h·L − 1 |
/// | β^k (ours) | `cin/<k−1>/beta` |
/// | w_cin, and w^o of the CIN alone | `cinOut` |
/// | W⁽ˡ⁾, b⁽ˡ⁾ of the tower, whose last layer says x_dnn | `deep/<l−1>/weight`, `deep/<l−1>/bias` |
/// | w_dnn | `deepOut` |
/// | b | `bias` |
@NullMarked
package org.gradus.models.xdeepfm;

import org.jspecify.annotations.NullMarked;
