// SPDX-License-Identifier: Apache-2.0

/// Metrics against the specification's numbers and against counting by hand.
@NullMarked
package org.gradus.trainer.metrics;

import org.jspecify.annotations.NullMarked;
