// SPDX-License-Identifier: Apache-2.0
/// Rows that nobody observed: negatives for models of implicit feedback.
@NullMarked
package org.gradus.data.sampling;

import org.jspecify.annotations.NullMarked;
