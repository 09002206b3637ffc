// SPDX-License-Identifier: Apache-2.0
/// **PLE**, and **CGC**: H. Tang, J. Liu, M. Zhao, X. Gong, "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for
/// Personalized Recommendations", RecSys 2020, [doi:10.1145/3383313.3412236](https://doi.org/10.1145/3383313.3412236).
///
/// Some experts are shared, others belong to one task, and a task's gate sees only its own and the shared ones, so that no other task can
/// spoil what its experts know. CGC is one such level; PLE stacks them, with a stream for what is shared between the levels.
///
/// | Paper | Here |
/// | --- | --- |
/// | E_k of task k at level l | `level/<l>/task/<label>/expert/<i>/…` |
/// | E_s at level l | `level/<l>/shared/expert/<i>/…` |
/// | W of task k at level l | `level/<l>/task/<label>/gate/weight` |
/// | W of the shared gate | `level/<l>/shared/gate/weight`, not at the last level |
/// | t_k | `tower/<label>/<l>/…`, `tower/<label>/out/…` |
/// | m_k, m_s | `specificExperts`, `sharedExperts` |
@NullMarked
package org.gradus.models.ple;

import org.jspecify.annotations.NullMarked;
