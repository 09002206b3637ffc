// SPDX-License-Identifier: Apache-2.0
/// **Shared-Bottom**: R. Caruana, "Multitask Learning", Machine Learning 28, 1997,
/// [doi:10.1023/A:1007379606734](https://doi.org/10.1023/A:1007379606734).
///
/// One network computes what all tasks read, and each task has a small tower on top. What tasks have in common is learned from all
/// their labels; where they disagree, their gradients meet in the bottom.
///
/// | Paper | Here |
/// | --- | --- |
/// | inputs | `v/<table>`: embeddings; numbers as they are |
/// | the shared hidden layer | `bottom/<l>/weight`, `bottom/<l>/bias` |
/// | the output of task t | `tower/<label>/<l>/…`, `tower/<label>/out/…` |
@NullMarked
package org.gradus.models.sharedbottom;

import org.jspecify.annotations.NullMarked;
