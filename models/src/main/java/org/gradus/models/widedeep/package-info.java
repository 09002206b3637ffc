// SPDX-License-Identifier: Apache-2.0
/// **Wide & Deep**: H.-T. Cheng, L. Koc, J. Harmsen et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016,
/// [arXiv:1606.07792](https://arxiv.org/abs/1606.07792).
///
/// A linear model with hand-made cross-product features remembers what occurs together; a tower on embeddings generalises to
/// what never did. Both are trained jointly, on the sum of their logits, each by an optimiser of its own.
///
/// | Paper | Here |
/// | --- | --- |
/// | x | ids, by their values, and dense fields of a batch |
/// | φ_k(x) | `phi` in `Crosses.forward`, of the crosses that are not 0 |
/// | w_wide of x | `wide/raw/<table>`, `wide/raw/numeric` with a row per dense field |
/// | w_wide of φ(x) | `wide/cross/<field>+<field>`, a table per cross of fields; `wide/cross/and`, a row per conjunction of ids |
/// | a⁽⁰⁾ | rows of `v/<table>`, then dense fields |
/// | W⁽ˡ⁾, b⁽ˡ⁾, l from 0 | `deep/<l>/weight`, `deep/<l>/bias` |
/// | l_f, the number of layers | L, the length of `hidden` |
/// | w_deep | `out` |
/// | b | `bias` |
/// | vectors of `wide=FM` (ours) | `fm/<table>`, `fm/numeric` |
@NullMarked
package org.gradus.models.widedeep;

import org.jspecify.annotations.NullMarked;
