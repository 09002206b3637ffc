// SPDX-License-Identifier: Apache-2.0
/// **PNN**: Y. Qu, H. Cai, K. Ren, W. Zhang, Y. Yu, Y. Wen, J. Wang, "Product-based Neural Networks for User Response
/// Prediction", ICDM 2016, [arXiv:1611.00144](https://arxiv.org/abs/1611.00144).
///
/// Between embeddings and tower stands a product layer. It passes the embeddings on, and adds what pairs of fields make of each
/// other: their inner products (IPNN), their outer products (OPNN), or both (PNN*).
///
/// | Paper | Here |
/// | --- | --- |
/// | f_i, M, N | rows of `v/<table>`; `embeddingDim`; F fields |
/// | W_z, D₁ | `product/linear`, `productSize` |
/// | θⁿ | `product/theta`, `[N, D₁]` |
/// | W_pⁿ of inner products | `product/inner`, `[N·N, D₁]`, or `[P, D₁]` |
/// | W_pⁿ of outer products | `product/outer`, `[M·M, D₁]` |
/// | b₁ | `product/bias` |
/// | W₂, b₂ | `deep/0/…` |
/// | W₃, b₃, the output | `out/weight`, `out/bias` |
@NullMarked
package org.gradus.models.pnn;

import org.jspecify.annotations.NullMarked;
