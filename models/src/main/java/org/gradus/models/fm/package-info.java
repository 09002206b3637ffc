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
/// | w | `w/<table>`, `w/numeric` |
/// | V, rows v_i | `v/<table>`, `v/numeric` |
/// | k | `embeddingDim`, D |
@NullMarked
package org.gradus.models.fm;

import org.jspecify.annotations.NullMarked;
