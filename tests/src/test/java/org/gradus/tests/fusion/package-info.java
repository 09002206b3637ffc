// SPDX-License-Identifier: Apache-2.0
/// Operations that are one kernel, and the same made of single operations.
@NullMarked
package org.gradus.tests.fusion;

import org.jspecify.annotations.NullMarked;
