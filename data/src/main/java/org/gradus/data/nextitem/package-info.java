// SPDX-License-Identifier: Apache-2.0
/// Logs of what users watched and searched for, cut into examples of what comes next.
@NullMarked
package org.gradus.data.nextitem;

import org.jspecify.annotations.NullMarked;
