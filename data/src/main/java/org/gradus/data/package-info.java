// SPDX-License-Identifier: Apache-2.0
/// From raw files to batches: readers, preprocessing, vocabularies, splits, generators, and the prepared form on disk.
@NullMarked
package org.gradus.data;

import org.jspecify.annotations.NullMarked;
