// SPDX-License-Identifier: Apache-2.0

/// Files that were cut, changed, or could not be written.
@NullMarked
package org.gradus.trainer.store;

import org.jspecify.annotations.NullMarked;
