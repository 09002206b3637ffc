// SPDX-License-Identifier: Apache-2.0
/// What the documentation shows, compiled and run: regions of these files stand in `README.md` and `docs/`, and a test
/// holds both equal.
@NullMarked
package org.gradus.tests.snippets;

import org.jspecify.annotations.NullMarked;
