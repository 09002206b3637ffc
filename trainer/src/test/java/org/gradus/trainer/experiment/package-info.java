// SPDX-License-Identifier: Apache-2.0
/// Tests of experiments.
@NullMarked
package org.gradus.trainer.experiment;

import org.jspecify.annotations.NullMarked;
