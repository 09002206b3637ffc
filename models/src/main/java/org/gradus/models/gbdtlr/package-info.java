// SPDX-License-Identifier: Apache-2.0
/// **GBDT + LR**: X. He, J. Pan, O. Jin, T. Xu, B. Liu, T. Xu, Y. Shi, A. Atallah, R. Herbrich, S. Bowers, J. Quiñonero Candela,
/// "Practical Lessons from Predicting Clicks on Ads at Facebook", ADKDD 2014,
/// [doi:10.1145/2648584.2648589](https://doi.org/10.1145/2648584.2648589).
///
/// Boosted trees turn a row into conjunctions of thresholds: the leaf in which each tree lets it end. A logistic regression on
/// these leaves is trained far more often than the trees.
///
/// | Paper | Here |
/// | --- | --- |
/// | T trees | `trees/nodes`, `trees/values`, `trees/leaves`: their nodes, the values of their leaves, and how many leaves each has |
/// | ℓ_t, h (GL-1), (GL-2) | the leaf of a row in tree t, and those of all trees: no parameters |
/// | w, a weight per leaf | `w/leaves`: leaf ℓ of tree t = 1 … T in row 2 + (t − 1) · `maxLeaves` + ℓ |
/// | s(y, x, w), the score, where x is h | z, without the sign of y: labels are 0 and 1. s is `smoothing` here |
/// | w of g(x), `appendOriginalFeatures` | `original/<table>`, `original/numeric` |
/// | b | `bias` |
/// | historical features | `statistics/<table>`: rate and count of every id, and its rate outside each fold |
/// | w of negative down sampling | w_keep, `negativeKeepRate` |
/// | p, q | σ(z), and what it is where all negatives are there (GL-4): in `GbdtLr.forward`, without parameters |
/// | α, β of the rate per coordinate, η | `rate` and `epsilon` of the optimiser `Adagrad` |
@NullMarked
package org.gradus.models.gbdtlr;

import org.jspecify.annotations.NullMarked;
