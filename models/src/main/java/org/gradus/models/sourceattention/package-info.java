// SPDX-License-Identifier: Apache-2.0
/// **Source attention**: Y. Chen, Y. Fang, Q. Wang, X. Cao, I. King, "Deep Structural Knowledge Exploitation and Synergy for Estimating Node
/// Importance Value on Heterogeneous Information Networks", AAAI 2024, [https://arxiv.org/abs/2402.12411](https://arxiv.org/abs/2402.12411), in the form of
/// the semantic attention of X. Wang, H. Ji, C. Shi, B. Wang, Y. Ye, P. Cui, P. S. Yu, "Heterogeneous Graph Attention Network", WWW 2019.
///
/// Several kinds of knowledge about one node go through one projection, and a softmax over learned scores says how much each counts for
/// this node. The paper's equations were not at hand; the class is not named after it.
///
/// | Paper | Here |
/// | --- | --- |
/// | knowledge of a source | a field: vectors `v/<table>`, of numbers `v/numeric` |
/// | its own map | `<stage>/adapter/<source>` |
/// | shared projection | `<stage>/project/weight`, `<stage>/project/bias` |
/// | score | `<stage>/score/weight`, `<stage>/score/bias`, `<stage>/score/query` |
/// | mean scores over nodes (HAN) | `<stage>/mean/<source>` |
/// | structural, and similarity or metapath stage | `structural`, `semantic` |
@NullMarked
package org.gradus.models.sourceattention;

import org.jspecify.annotations.NullMarked;
