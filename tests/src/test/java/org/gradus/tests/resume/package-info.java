// SPDX-License-Identifier: Apache-2.0
/// Runs that are killed or interrupted, and go on.
@NullMarked
package org.gradus.tests.resume;

import org.jspecify.annotations.NullMarked;
