// SPDX-License-Identifier: Apache-2.0
/// **AutoInt**: W. Song, C. Shi, Z. Xiao, Z. Duan, Y. Xu, M. Zhang, J. Tang, "AutoInt: Automatic Feature Interaction Learning
/// via Self-Attentive Neural Networks", CIKM 2019, [arXiv:1810.11921](https://arxiv.org/abs/1810.11921).
///
/// Fields are tokens of a self-attention: several heads decide which fields to combine, and layers of it make combinations
/// of combinations. AutoInt+ adds a tower on the same embeddings. In the table l counts layers from 1.
///
/// | Paper | Here |
/// | --- | --- |
/// | V_m, v_m | `v/<table>`, `v/numeric`, a row per id and per dense field |
/// | W_Query⁽ʰ⁾, W_Key⁽ʰ⁾, W_Value⁽ʰ⁾ of layer l | `attention/<l−1>/query`, `…/key`, `…/value`, heads side by side, transposed |
/// | W_Res of layer l | `attention/<l−1>/residual`, transposed |
/// | w, b of the score | `out`, `bias` |
/// | feed-forward network of AutoInt+ | `deep/<l−1>/weight`, `deep/<l−1>/bias` of its layer l, and w_o: `deepOut` |
/// | ℓ(x) (ours) | `w/<table>`, `w/numeric` |
@NullMarked
package org.gradus.models.autoint;

import org.jspecify.annotations.NullMarked;
