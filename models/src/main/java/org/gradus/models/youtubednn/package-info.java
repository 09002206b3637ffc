// SPDX-License-Identifier: Apache-2.0
/// **YoutubeDNN**, candidate generation: P. Covington, J. Adams, E. Sargin, "Deep Neural Networks for YouTube Recommendations", RecSys
/// 2016, [doi:10.1145/2959100.2959190](https://doi.org/10.1145/2959100.2959190).
///
/// Which item comes next is a classification with as many classes as there are items. A tower on the means of what a user watched
/// and searched for gives the user a vector; a softmax over the items trains it, approximated by sampled negatives; and what is
/// served is a search for the items whose vectors have the largest inner products with the user's.
///
/// | Paper | Here |
/// | --- | --- |
/// | video and token embeddings | `v/<table>` |
/// | tower | `tower/<l>/…`, and its last layer `last/…` |
/// | u | `userVectors` |
/// | v_j | `item`, or `v/<table of the item>` with `itemTable=TIED` |
/// | sampling distribution | `counts`, how often an item was a label |
@NullMarked
package org.gradus.models.youtubednn;

import org.jspecify.annotations.NullMarked;
