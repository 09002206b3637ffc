// SPDX-License-Identifier: Apache-2.0
/// **LS-PLM**: K. Gai, X. Zhu, H. Li, K. Liu, Z. Wang, "Learning Piece-wise Linear Models from Large Scale Data for Ad Click
/// Prediction", 2017, [arXiv:1704.05194](https://arxiv.org/abs/1704.05194).
///
/// A gate divides the space of features into regions, softly, and every region has a logistic regression of its own. Both are
/// learned together; no clustering is run. By our reading its authors use it since 2012, under the name MLR, mixed logistic
/// regression. In the table i runs from 1 to m.
///
/// | Paper | Here |
/// | --- | --- |
/// | m, the number of regions | `m` |
/// | x | the ids and numbers of a batch; x_gate, x_expert and x_factor are parts of it |
/// | σ(uᵢᵀ x), the part that divides | πᵢ, the softmax of aᵢ = uᵢᵀ x_gate; `logPi` in `LsPlm.forward` |
/// | η(wᵢᵀ x), the part that fits | ηᵢ, the sigmoid of cᵢ = wᵢᵀ x_expert; `c.logSigmoid()` |
/// | g | the identity: q = Σᵢ πᵢ ηᵢ is a probability already |
/// | Θ, a row per feature | `theta/<table>`, `theta/numeric`: gate, then experts; `gate/…` and `experts/…` when split |
/// | uᵢ | column i − 1 of Θ; of `gate/…` when split |
/// | wᵢ | column m + i − 1 of Θ; column i − 1 of `experts/…` when split |
/// | the constant feature (ours) | `constant/theta`; `constant/gate`, `constant/experts` when split |
/// | w_factor (ours) | `factor/<table>`, `factor/numeric` |
/// | λ, β | `lambda`, `beta`; or `l21`, `l1` of the optimiser `proximal` |
@NullMarked
package org.gradus.models.lsplm;

import org.jspecify.annotations.NullMarked;
