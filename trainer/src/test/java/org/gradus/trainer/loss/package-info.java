// SPDX-License-Identifier: Apache-2.0

/// Objectives against sums by hand.
@NullMarked
package org.gradus.trainer.loss;

import org.jspecify.annotations.NullMarked;
