// SPDX-License-Identifier: Apache-2.0
/// **Neural collaborative filtering**: X. He, L. Liao, H. Zhang, L. Nie, X. Hu, T.-S. Chua, "Neural Collaborative Filtering", WWW 2017,
/// [arXiv:1708.05031](https://arxiv.org/abs/1708.05031).
///
/// Matrix factorization scores a user and an item by the inner product of their vectors. Here a learned function does: weights on
/// the products of their numbers (GMF), a tower on both vectors side by side (MLP), or both, each with vectors of its own
/// (NeuMF).
///
/// | Paper | Here |
/// | --- | --- |
/// | P_G, Q_G, whose rows are p_G, q_G | `gmf/user`, `gmf/item`; the tower's too with `sharedEmbeddings` |
/// | P_M, Q_M, whose rows are p_M, q_M | `mlp/user`, `mlp/item` |
/// | W_l, b_l, l = 2 … L | `mlp/tower/<l−2>/weight`, transposed, `mlp/tower/<l−2>/bias` |
/// | z_l | t_l; z is the score |
/// | h | `gmf/h` above `mlp/h`: h_G, h_M |
/// | b_o, of the authors' code | `bias` |
/// | predictive factors | `factors`, and the last of `hidden` |
/// | α | `alpha` |
@NullMarked
package org.gradus.models.neuralcf;

import org.jspecify.annotations.NullMarked;
