// SPDX-License-Identifier: Apache-2.0
/// **ESMM**, and **ESM²**: X. Ma, L. Zhao, G. Huang, Z. Wang, Z. Hu, X. Zhu, K. Gai, "Entire Space Multi-Task Model: An Effective
/// Approach for Estimating Post-Click Conversion Rate", SIGIR 2018, [arXiv:1804.07931](https://arxiv.org/abs/1804.07931); and H. Wen
/// et al., "Entire Space Multi-Task Modeling via Post-Click Behavior Decomposition for Conversion Rate Prediction", SIGIR 2020,
/// [arXiv:1910.07099](https://arxiv.org/abs/1910.07099).
///
/// Conversions are known of clicked impressions only, while the rate is asked for all of them. So the tower of conversions has no loss of
/// its own: what is supervised, on every impression, is the product pCTR · pCVR. The embeddings learn from clicks too, of which there are
/// many more.
///
/// | Paper | Here |
/// | --- | --- |
/// | embeddings, shared | `v/<table>` |
/// | θ_ctr, θ_cvr | `tower/0/…`, `tower/1/…` |
/// | y, z | labels: the click, and the conversion, which is never without a click |
/// | y₁ … y₄ of ESM² | `tower/0` … `tower/3` |
@NullMarked
package org.gradus.models.esmm;

import org.jspecify.annotations.NullMarked;
