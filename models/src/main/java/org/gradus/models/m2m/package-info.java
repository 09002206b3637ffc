// SPDX-License-Identifier: Apache-2.0
/// **M2M**: Q. Zhang, X. Liao, Q. Liu, J. Xu, B. Zheng, "Leaving No One Behind: A Multi-Scenario Multi-Task Meta Learning Approach for
/// Advertiser Modeling", WSDM 2022, [https://arxiv.org/abs/2201.06814](https://arxiv.org/abs/2201.06814).
///
/// The scenario writes the weights of small networks: those that say which experts a task should hear, and those of the task's tower. A new
/// scenario needs no network of its own, only a vector.
///
/// | Paper | Here |
/// | --- | --- |
/// | X_seq, its multi-head attention | the sequences of the schema, `history/<sequence>/…` |
/// | E_i, k | `expert/<i>/…`, `numExperts` |
/// | Emb(t), T_t | `task/<label>/vector`, `task/<label>/<l>/…` |
/// | s, A | `domain` and the fields of `scenarioFields`; the fields of `userFields` |
/// | S̃ | `scenario/<l>/…` |
/// | V_w, v_w | `…/<i>/weight/weight`, `…/<i>/weight/bias` of a meta unit |
/// | V_b, v_b | `…/<i>/bias/weight`, `…/<i>/bias/bias` |
/// | Meta of the attention, v_t | `meta/attention/<label>/<i>/…`, `attention/<label>/v` |
/// | Meta of the tower | `meta/tower/<label>/<j>/<i>/…`; `tower/<label>/out/…` |
@NullMarked
package org.gradus.models.m2m;

import org.jspecify.annotations.NullMarked;
