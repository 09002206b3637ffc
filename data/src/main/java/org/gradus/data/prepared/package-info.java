// SPDX-License-Identifier: Apache-2.0
/// The prepared form on disk: rows of a schema in a memory-mapped, checksummed file, and passes over them.
@NullMarked
package org.gradus.data.prepared;

import org.jspecify.annotations.NullMarked;
