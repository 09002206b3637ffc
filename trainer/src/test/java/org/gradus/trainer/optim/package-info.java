// SPDX-License-Identifier: Apache-2.0

/// Optimisers against plain loops over every number.
@NullMarked
package org.gradus.trainer.optim;

import org.jspecify.annotations.NullMarked;
