// SPDX-License-Identifier: Apache-2.0
/// **STAR**: X.-R. Sheng, L. Zhao, G. Zhou, X. Ding, B. Dai, Q. Luo, S. Yang, J. Lv, C. Zhang, H. Deng, X. Zhu, "One Model to Serve All:
/// Star Topology Adaptive Recommender for Multi-Domain CTR Prediction", CIKM 2021, [https://arxiv.org/abs/2101.11427](https://arxiv.org/abs/2101.11427).
///
/// One network for all scenarios, whose layers each scenario scales number by number: what scenarios have in common is learned from all of
/// them, the rest from their own rows. Inputs are standardised scenario by scenario, and a small network lets the scenario itself speak.
///
/// | Paper | Here |
/// | --- | --- |
/// | W, b (centre) | `star/<l>/weight`, `star/<l>/bias`; `star/out/…` |
/// | W_p, b_p | `star/<l>/domain/<p>/weight`, `star/<l>/domain/<p>/bias` |
/// | γ, β | `pn/scale`, `pn/shift` |
/// | γ_p, β_p | `pn/domain/<p>/scale`, `pn/domain/<p>/shift` |
/// | E_p, Var_p | `pn/domain/<p>/mean`, `pn/domain/<p>/variance` |
/// | domain indicator embedding | `u` |
/// | auxiliary network | `aux/<l>/…`, `aux/out/…`; its own normalisation `aux/pn/…` |
/// | M | P, the `domains` of the domain field |
@NullMarked
package org.gradus.models.star;

import org.jspecify.annotations.NullMarked;
