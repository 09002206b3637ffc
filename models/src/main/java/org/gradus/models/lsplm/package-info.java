// SPDX-License-Identifier: Apache-2.0
/// **LS-PLM**: K. Gai, X. Zhu, H. Li, K. Liu, Z. Wang, "Learning Piece-wise Linear Models from Large Scale Data for Ad Click
/// Prediction", 2017, [arXiv:1704.05194](https://arxiv.org/abs/1704.05194).
///
/// A gate divides the space of features into regions, softly, and every region has a logistic regression of its own. Both are
/// learned together; no clustering is run. In production since 2012 under the name MLR, mixed logistic regression.
///
/// | Paper | Here |
/// | --- | --- |
/// | m | `m` |
/// | σ(uᵢᵀ x), the part that divides | πᵢ, the softmax of aᵢ; `logPi` in `LsPlm.forward` |
/// | η(wᵢᵀ x), the part that fits | ηᵢ = σ(cᵢ), σ being the logistic function; `c.logSigmoid()` |
/// | g | the identity: Σᵢ πᵢ ηᵢ is a probability already |
/// | Θ, a row per feature | `theta/<table>`, `theta/numeric`: gate, then experts |
/// | u | columns 0 … m − 1 of Θ; `gate/…` when split |
/// | w | columns m … 2m − 1 of Θ; `experts/…` when split |
/// | the constant feature | `constant/theta`; `constant/gate`, `constant/experts` when split |
/// | w_c | `factor/<table>`, `factor/numeric` |
/// | λ, β | `lambda`, `beta` |
@NullMarked
package org.gradus.models.lsplm;

import org.jspecify.annotations.NullMarked;
