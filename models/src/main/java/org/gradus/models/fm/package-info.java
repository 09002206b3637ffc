// SPDX-License-Identifier: Apache-2.0
/// **FM**: S. Rendle, "Factorization Machines", ICDM 2010,
/// [doi:10.1109/ICDM.2010.127](https://doi.org/10.1109/ICDM.2010.127).
///
/// Every feature owns a latent vector, and the weight of a product of two features is the inner product of their vectors.
/// So the weight of a pair can be estimated even if the pair never occurred, and a symmetric-matrix identity makes the
/// cost linear in the number of features.
///
/// | Paper | Here |
/// | --- | --- |
/// | w₀ | `bias` |
/// | w, a weight wᵢ per feature | `w/<table>`, `w/numeric` |
/// | V, with a row vᵢ per feature | `v/<table>`, `v/numeric` |
/// | k, the length of vᵢ, and f, which counts its numbers | D, `embeddingDim`, and d |
/// | ŷ(x) | z, the score |
@NullMarked
package org.gradus.models.fm;

import org.jspecify.annotations.NullMarked;
