// SPDX-License-Identifier: Apache-2.0
/// **MMoE**, and **OMoE**: J. Ma, Z. Zhao, X. Yi, J. Chen, L. Hong, E. Chi, "Modeling Task Relationships in Multi-task Learning with
/// Multi-gate Mixture-of-Experts", KDD 2018, [doi:10.1145/3219819.3220007](https://doi.org/10.1145/3219819.3220007).
///
/// Experts take the place of the shared bottom, and every task mixes them by a gate of its own: tasks that disagree lean on different
/// experts. With one gate for all tasks it is OMoE.
///
/// | Paper | Here |
/// | --- | --- |
/// | fᵢ | `expert/<i>/<l>/weight`, `expert/<i>/<l>/bias` |
/// | W_gk | `gate/<label>/weight`; `gate/shared/weight` of OMoE |
/// | hᵏ | `tower/<label>/<l>/…`, `tower/<label>/out/…` |
/// | n | `numExperts` |
@NullMarked
package org.gradus.models.mmoe;

import org.jspecify.annotations.NullMarked;
