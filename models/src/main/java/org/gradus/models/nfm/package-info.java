// SPDX-License-Identifier: Apache-2.0
/// **NFM**: X. He, T.-S. Chua, "Neural Factorization Machines for Sparse Predictive Analytics", SIGIR 2017,
/// [arXiv:1708.05027](https://arxiv.org/abs/1708.05027).
///
/// FM adds up the products of all pairs of features to one number. NFM stops one step earlier, at one number per dimension of
/// their vectors, and lets a tower of fully connected layers go on from there.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀ | `bias` |
/// | w | `w/<table>`, `w/numeric`, one weight per feature: ℓ(x) |
/// | V, rows v_i | `v/<table>`, `v/numeric` |
/// | k, the length of v_i | `embeddingDim`, D |
/// | f_BI(V_x), V_x being the vectors x_i v_i | f_BI, no parameters |
/// | batch normalisation of f_BI, and of x_num (ours) | `norm/…` |
/// | W_l, b_l of layer l = 1 … L | `deep/<l−1>/weight` (transposed), `deep/<l−1>/bias`, batch norm in `deep/<l−1>/norm/…` |
/// | σ_l | act, `activation` |
/// | h | `out` |
@NullMarked
package org.gradus.models.nfm;

import org.jspecify.annotations.NullMarked;
