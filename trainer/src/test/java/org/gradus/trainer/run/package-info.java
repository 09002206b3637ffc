// SPDX-License-Identifier: Apache-2.0

/// Whole runs: repeated, interrupted, resumed, damaged.
@NullMarked
package org.gradus.trainer.run;

import org.jspecify.annotations.NullMarked;
