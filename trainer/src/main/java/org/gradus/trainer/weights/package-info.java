// SPDX-License-Identifier: Apache-2.0
/// Parameters in files of other programs: names and layout of PyTorch, or those that a mapping file gives.
@NullMarked
package org.gradus.trainer.weights;

import org.jspecify.annotations.NullMarked;
