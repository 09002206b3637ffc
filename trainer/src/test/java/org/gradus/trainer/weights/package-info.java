// SPDX-License-Identifier: Apache-2.0
@NullMarked
package org.gradus.trainer.weights;

import org.jspecify.annotations.NullMarked;
