// SPDX-License-Identifier: Apache-2.0
/// **PNN**: Y. Qu, H. Cai, K. Ren, W. Zhang, Y. Yu, Y. Wen, J. Wang, "Product-based Neural Networks for User Response
/// Prediction", ICDM 2016, [arXiv:1611.00144](https://arxiv.org/abs/1611.00144).
///
/// Between embeddings and tower stands a product layer. It passes the embeddings on, and adds what pairs of fields make of each
/// other: their inner products (IPNN), their outer products (OPNN), or both (PNN*). In the table n is a unit of the product
/// layer, column n − 1 of its weights, and i a field: those with ids in the order of the schema, then, where they own vectors,
/// the dense ones.
///
/// | Paper | Here |
/// | --- | --- |
/// | f_i, M, N | rows of `v/<table>`, and of `v/numeric` with `SCALED_EMBEDDING`; `embeddingDim`; number of fields |
/// | z, the linear signals, and ⊙ | [f₁; …; f_N], and •; z is the score here |
/// | D₁ | `productSize` |
/// | l_z, l_p, l₁ | `l` in `ProductLayer.forward`: after its first line, what is added to it, and the result |
/// | W_z | `product/linear`, `[N·M, D₁]` |
/// | θⁿ, δⁿ | `product/theta`, `[N, D₁]`; `delta` is Δⁿ, the sum of all δᵢⁿ |
/// | W_pⁿ of inner products | `product/inner`, `[N·N, D₁]`, or `[P, D₁]` for the P = N(N−1)/2 pairs i < j |
/// | p, f_Σ | `p`, `sum` in `ProductLayer.forward` |
/// | W_pⁿ of outer products | `product/outer`, `[M·M, D₁]` |
/// | b₁ | `product/bias` |
/// | W₂, W₃, …, b₂, b₃, … of the layers above l₁ | `deep/0/…`, `deep/1/…`, …: as many as `hidden` has sizes |
/// | W₃ and b₃ of the output in its eq. 1, whose L is 2 | w_o, b_o: `out/weight`, `out/bias` |
@NullMarked
package org.gradus.models.pnn;

import org.jspecify.annotations.NullMarked;
