// SPDX-License-Identifier: Apache-2.0

/// What crosses modules.
@NullMarked
package org.gradus.tests;

import org.jspecify.annotations.NullMarked;
