// SPDX-License-Identifier: Apache-2.0

/// What a set of predictions is worth: exact AUC, log loss, GAUC, calibration, errors of regression.
///
/// All of it runs on the host in float64, over the whole split at once and never as a mean over batches. A metric
/// without a value says why: see [org.gradus.trainer.metrics.Metric].
@NullMarked
package org.gradus.trainer.metrics;

import org.jspecify.annotations.NullMarked;
