// SPDX-License-Identifier: Apache-2.0
/// **FFM**: Y. Juan, Y. Zhuang, W.-S. Chin, C.-J. Lin, "Field-aware Factorization Machines for CTR Prediction", RecSys 2016,
/// [doi:10.1145/2959100.2959134](https://doi.org/10.1145/2959100.2959134).
///
/// A feature keeps one latent vector for each field that it may meet: "male" has one vector for ages and another for purchases.
/// Still the second order only, but there is no shortcut to linear time, and the vectors can be much shorter than those of
/// FM.
///
/// | Paper | Here |
/// | --- | --- |
/// | w_{j,f} | columns f·k … (f+1)·k − 1 of row j of `v/<table>`, `v/numeric` |
/// | k | `embeddingDim` |
/// | R(i), instance-wise normalisation | `instanceNorm` |
/// | linear terms, left out in the paper | `w/<table>`, `w/numeric`, `bias` with `useLinear` |
@NullMarked
package org.gradus.models.ffm;

import org.jspecify.annotations.NullMarked;
