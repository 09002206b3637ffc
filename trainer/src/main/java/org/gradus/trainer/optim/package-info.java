// SPDX-License-Identifier: Apache-2.0

/// Rules by which parameters follow their gradients, over the update kernels of a device.
///
/// [org.gradus.trainer.optim.OptimizerConfig] says what is wanted: groups of parameters chosen by path, each with its
/// rule, rate, schedule and penalty. [org.gradus.trainer.optim.Optimizer] does it.
@NullMarked
package org.gradus.trainer.optim;

import org.jspecify.annotations.NullMarked;
