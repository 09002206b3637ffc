// SPDX-License-Identifier: Apache-2.0
/// Every paper has all that belongs to it.
@NullMarked
package org.gradus.tests.registry;

import org.jspecify.annotations.NullMarked;
