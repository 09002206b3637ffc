// SPDX-License-Identifier: Apache-2.0
/// **EASING**: Y. Chen, T. Wang, Y. Fang, Y. Xiao, "Semi-supervised Node Importance Estimation with Informative Distribution Modeling for
/// Uncertainty Regularization", WWW 2025, [https://arxiv.org/abs/2503.20697](https://arxiv.org/abs/2503.20697).
///
/// How important is a node of a graph, where few nodes have been judged? One vector per node becomes a mean and a variance, by attention
/// among elements that are multiples of that vector; nodes without a label learn from what several passes with dropout agree on.
///
/// | Paper | Here |
/// | --- | --- |
/// | structural and content encoder | `encoder/structure/…`, `encoder/content/…`; nodes `encoder/nodes/<table>` |
/// | pˢ, pᵘ | `dje/value/basis`, `dje/uncertainty/basis` |
/// | W_Q, W_K, W_V | `dje/<stream>/<l>/query`, `…/key`, `…/value` |
/// | FFN, LN₁, LN₂ | `dje/<stream>/<l>/widen/…`, `…/narrow/…`, `…/first/…`, `…/second/…` |
/// | γ, β | `dje/gamma`, `dje/beta` |
/// | w_s, b_s; w_u, b_u | `dje/value/out/…`, `dje/uncertainty/out/…` |
@NullMarked
package org.gradus.models.easing;

import org.jspecify.annotations.NullMarked;
