// SPDX-License-Identifier: Apache-2.0
@NullMarked
package org.gradus.trainer.explain;

import org.jspecify.annotations.NullMarked;
