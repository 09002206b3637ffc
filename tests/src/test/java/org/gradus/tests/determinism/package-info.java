// SPDX-License-Identifier: Apache-2.0
/// The same bits however the JVM executes them.
@NullMarked
package org.gradus.tests.determinism;

import org.jspecify.annotations.NullMarked;
