// SPDX-License-Identifier: Apache-2.0
/// What a model is fed: the [Schema] it is built from, the [Batch] it reads, and the tables that turn ids into vectors.
///
/// Ids follow one rule everywhere: 0 is padding, 1 is out of vocabulary, known values start at 2.
@NullMarked
package org.gradus.embeddings;

import org.jspecify.annotations.NullMarked;
