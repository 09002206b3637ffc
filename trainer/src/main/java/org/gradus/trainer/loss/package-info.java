// SPDX-License-Identifier: Apache-2.0

/// From heads and labels to the number that is minimised: joined by name, masked, weighted, averaged, and every part kept
/// apart for the report.
@NullMarked
package org.gradus.trainer.loss;

import org.jspecify.annotations.NullMarked;
