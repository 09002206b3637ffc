// SPDX-License-Identifier: Apache-2.0

/// Losses, optimisers, the training loop, metrics, checkpoints, reports and the command line.
@NullMarked
package org.gradus.trainer;

import org.jspecify.annotations.NullMarked;
