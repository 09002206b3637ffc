// SPDX-License-Identifier: Apache-2.0
/// **APG**: B. Yan, P. Wang, K. Zhang, F. Li, H. Deng, J. Xu, B. Zheng, "APG: Adaptive Parameter Generation Network for Click-Through Rate
/// Prediction", NeurIPS 2022, [https://arxiv.org/abs/2203.16218](https://arxiv.org/abs/2203.16218).
///
/// The weights of a layer are generated from a condition, sample by sample. What makes that affordable: a weight is a product of two tall
/// matrices that all samples share, and a small one between them, which alone is generated.
///
/// | Paper | Here |
/// | --- | --- |
/// | z_i | c, the `condition` |
/// | S_i | `layer/<l>/core/<condition>/…`, the network that generates it |
/// | U, V | `layer/<l>/v/weight` on the input side, `layer/<l>/u/weight` on the output side |
/// | U^l, U^r, V^l, V^r | `layer/<l>/vl/weight`, `layer/<l>/vr/weight`, `layer/<l>/ul/weight`, `layer/<l>/ur/weight` |
/// | K, P | `rank` or `mfK`; `mfP` |
@NullMarked
package org.gradus.models.apg;

import org.jspecify.annotations.NullMarked;
