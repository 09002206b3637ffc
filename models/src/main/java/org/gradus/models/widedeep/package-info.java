// SPDX-License-Identifier: Apache-2.0
/// **Wide & Deep**: H.-T. Cheng, L. Koc, J. Harmsen et al., "Wide & Deep Learning for Recommender Systems", DLRS 2016,
/// [arXiv:1606.07792](https://arxiv.org/abs/1606.07792).
///
/// A linear model with hand-made cross-product features remembers what occurs together; a tower on embeddings generalises to
/// what never did. Both are trained jointly, on the sum of their logits, each by an optimiser of its own.
///
/// | Paper | Here |
/// | --- | --- |
/// | x | features of the fields: `wide/raw/<table>`, `wide/raw/numeric` |
/// | φ_k(x) | `wide/cross/<field>+<field>`, `wide/cross/and` |
/// | w_wide | all of `wide/…` |
/// | a⁽⁰⁾ | rows of `v/<table>`, then numbers |
/// | W⁽ˡ⁾, b⁽ˡ⁾ | `deep/<l>/…` |
/// | w_deep | `out` |
/// | b | `bias` |
@NullMarked
package org.gradus.models.widedeep;

import org.jspecify.annotations.NullMarked;
