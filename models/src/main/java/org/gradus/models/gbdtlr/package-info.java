// SPDX-License-Identifier: Apache-2.0
/// **GBDT + LR**: X. He, J. Pan, O. Jin, T. Xu, B. Liu, T. Xu, Y. Shi, A. Atallah, R. Herbrich, S. Bowers, J. Quiñonero Candela,
/// "Practical Lessons from Predicting Clicks on Ads at Facebook", ADKDD 2014,
/// [doi:10.1145/2648584.2648589](https://doi.org/10.1145/2648584.2648589).
///
/// Boosted trees turn a row into conjunctions of thresholds: the leaf in which each tree lets it end. A logistic regression on these
/// leaves is trained far more often than the trees.
///
/// | Paper | Here |
/// | --- | --- |
/// | the trees | `trees/nodes`, `trees/values`, `trees/leaves` |
/// | w, a weight per leaf | `w/leaves`: leaf ℓ of tree t in row 2 + t · `maxLeaves` + ℓ |
/// | w of g(x), `appendOriginalFeatures` | `original/<table>`, `original/numeric` |
/// | b | `bias` |
/// | historical features | `statistics/<table>`: rate and count of every id, and its rate outside each fold |
/// | w of negative down sampling | `negativeKeepRate` |
@NullMarked
package org.gradus.models.gbdtlr;

import org.jspecify.annotations.NullMarked;
