// SPDX-License-Identifier: Apache-2.0
/// **FFM**: Y. Juan, Y. Zhuang, W.-S. Chin, C.-J. Lin, "Field-aware Factorization Machines for CTR Prediction", RecSys 2016,
/// [doi:10.1145/2959100.2959134](https://doi.org/10.1145/2959100.2959134).
///
/// A feature keeps one latent vector for each field that it may meet: "male" has one vector for ages and another for purchases.
/// Still the second order only, but there is no shortcut to linear time, and the vectors can be much shorter than those of
/// a factorization machine. In the table j is a feature, and f one of the F fields, counted from 0: those with ids in the order of
/// the schema, then the dense ones.
///
/// | Paper | Here |
/// | --- | --- |
/// | w_{j,f} | columns f·k … (f+1)·k − 1 of row j of `v/<table>`, an id's, or of `v/numeric`, with a row per dense field |
/// | k | `embeddingDim` |
/// | instance-wise normalisation, r here | `instanceNorm` |
/// | linear terms wⱼ and w₀, left out in the paper | `w/<table>`, `w/numeric`, and `bias`, with `useLinear` |
@NullMarked
package org.gradus.models.ffm;

import org.jspecify.annotations.NullMarked;
