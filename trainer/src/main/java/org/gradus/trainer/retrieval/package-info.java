// SPDX-License-Identifier: Apache-2.0
/// Items for users: nearest neighbours among vectors, collaborative filtering by similarities, and how good the lists are.
@NullMarked
package org.gradus.trainer.retrieval;

import org.jspecify.annotations.NullMarked;
