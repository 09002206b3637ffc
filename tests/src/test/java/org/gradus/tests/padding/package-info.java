// SPDX-License-Identifier: Apache-2.0
/// What padding must not do, in every model that reads sequences.
@NullMarked
package org.gradus.tests.padding;

import org.jspecify.annotations.NullMarked;
