// SPDX-License-Identifier: Apache-2.0
/// **HMoE**: P. Li, R. Li, Q. Da, A.-X. Zeng, L. Zhang, "Improving Multi-Scenario Learning to Rank in E-commerce by Exploiting Task
/// Relationships in the Label Space", CIKM 2020, [doi:10.1145/3340531.3412713](https://doi.org/10.1145/3340531.3412713).
///
/// Scenarios share experts below, as tasks of a mixture of experts do, and scores above: what an example is worth in its scenario is a
/// weighted sum of what every scenario's tower says of it. The other towers advise, but are not taught by examples of another scenario.
///
/// | Paper | Here |
/// | --- | --- |
/// | experts | `expert/<k>/<l>/…` |
/// | gate of the experts | `gate/shared/weight`, or `gate/<p>/weight` |
/// | task networks | `tower/<p>/<l>/…`, `tower/<p>/out/…` |
/// | gate of the label space | `mix/shared/weight`, or `mix/<p>/weight` |
/// | number of scenarios | P, the `domains` of the domain field |
@NullMarked
package org.gradus.models.hmoe;

import org.jspecify.annotations.NullMarked;
