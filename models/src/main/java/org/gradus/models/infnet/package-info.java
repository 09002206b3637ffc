// SPDX-License-Identifier: Apache-2.0
/// **INFNet**: K. Li, D. Mao, Y. Tang, Y. Cheng, Y. Zeng, C. Wang, X. Liu, P. Jiang, "INFNet: A Task-aware Information Flow
/// Network for Large-Scale Recommendation Systems", 2025, [arXiv:2508.11565](https://arxiv.org/abs/2508.11565), version 1.
///
/// Fields, behaviours and tasks are three groups of tokens, each with a few proxies. Proxies and task tokens ask the other groups by
/// cross attention; then proxies gate the tokens of their own group. The cost is linear in the number of tokens, and what fields say
/// to each other depends on the tasks from the first block on.
///
/// | Paper | Here |
/// | --- | --- |
/// | embedding tables | `v/<table>`, `v/numeric` of numbers |
/// | rows of rare values | `v/tail/<table>/rows`, `…/projection`; `…/places` says which values are not |
/// | φ_cat | `proxies/fields/<i>/…`, `proxies/fields/out/…` |
/// | φ_seq | `proxies/sequences/<i>/…`, `proxies/sequences/out/…` |
/// | T | `token/<label>`, a row each |
/// | T̃ | `shared` |
/// | W_Q, W_K, W_V of block l | `block/<l>/attention/<pair>/query`, `…/key`, `…/value`; a pair is `CS`, `CT`, `SC`, `ST` for the proxies of fields and behaviours, `tC`, `tS` for T̃, `TC`, `TS` for T |
/// | MLP of the PGU | `block/<l>/gate/C/…`, `…/S/…`, `…/T/…` |
/// | MLP_i | `head/<label>/<i>/…`, `head/<label>/out/…` |
@NullMarked
package org.gradus.models.infnet;

import org.jspecify.annotations.NullMarked;
