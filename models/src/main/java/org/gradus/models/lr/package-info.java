// SPDX-License-Identifier: Apache-2.0
/// **Logistic regression**, the baseline under every model here.
///
/// M. Richardson, E. Dominowska, R. Ragno, "Predicting Clicks: Estimating the Click-Through Rate for New Ads", WWW 2007,
/// [doi:10.1145/1242572.1242643](https://doi.org/10.1145/1242572.1242643).
///
/// Each feature has one weight; the log-odds of a click are their sum. It cannot see that two features matter only
/// together.
///
/// | Paper | Here |
/// | --- | --- |
/// | w_i | `w/<table>`, `w/numeric`, one weight per feature |
/// | f_i, the value of a feature | xᵢ |
/// | bias feature, always 1, and its weight | w₀: `bias` |
@NullMarked
package org.gradus.models.lr;

import org.jspecify.annotations.NullMarked;
