// SPDX-License-Identifier: Apache-2.0
/// MovieLens ratings as clicks: a rating of at least 4 is a positive.
@NullMarked
package org.gradus.data.movielens;

import org.jspecify.annotations.NullMarked;
