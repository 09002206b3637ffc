// SPDX-License-Identifier: Apache-2.0
/// From a history with times to sessions.
@NullMarked
package org.gradus.data.sessions;

import org.jspecify.annotations.NullMarked;
