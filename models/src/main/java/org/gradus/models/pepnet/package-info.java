// SPDX-License-Identifier: Apache-2.0
/// **PEPNet**: J. Chang, C. Zhang, Y. Hui, D. Leng, Y. Niu, Y. Song, K. Gai, "PEPNet: Parameter and Embedding Personalized Network for
/// Infusing with Personalized Prior Information", KDD 2023, [https://arxiv.org/abs/2302.01115](https://arxiv.org/abs/2302.01115).
///
/// Small gates scale what is there already, instead of making weights: EPNet the embeddings, by what is known of the scenario; PPNet the
/// units of every task's tower, by what is known of user, item and author. A gate sees what it scales, but does not teach it.
///
/// | Paper | Here |
/// | --- | --- |
/// | E(F_d) | `domain`, and the fields of `domainFields` |
/// | U_ep | `ep/hidden/…`, `ep/out/fields/…` |
/// | E(F_u), E(F_i), E(F_a) | the fields of `priorFields` |
/// | U_pp | `pp/<l>/hidden/…`, `pp/<l>/out/<label>/…` |
/// | H^(l), W^(l), b^(l) | `tower/<label>/<l>/…`, `tower/<label>/out/…` |
/// | ⊘ | `sgEp`, `sgPp` |
@NullMarked
package org.gradus.models.pepnet;

import org.jspecify.annotations.NullMarked;
