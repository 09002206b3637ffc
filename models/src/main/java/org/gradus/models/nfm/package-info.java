// SPDX-License-Identifier: Apache-2.0
/// **NFM**: X. He, T.-S. Chua, "Neural Factorization Machines for Sparse Predictive Analytics", SIGIR 2017,
/// [arXiv:1708.05027](https://arxiv.org/abs/1708.05027).
///
/// FM adds up the products of all pairs to one number. NFM stops one step earlier, at one number per dimension, and lets a
/// tower go on from there.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀ | `bias` |
/// | w | `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | V, rows v_i | `v/<table>`, `v/numeric` |
/// | k | `embeddingDim`, D |
/// | f_BI(V_x) | `pooled` |
/// | batch normalisation of f_BI | `norm/…` |
/// | W_l, b_l, σ_l | `deep/<l−1>/…`, `activation` |
/// | h | `out` |
@NullMarked
package org.gradus.models.nfm;

import org.jspecify.annotations.NullMarked;
