// SPDX-License-Identifier: Apache-2.0

/// The rules of the architecture, over POMs, sources and byte code.
@NullMarked
package org.gradus.tests.architecture;

import org.jspecify.annotations.NullMarked;
