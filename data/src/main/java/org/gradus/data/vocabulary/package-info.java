// SPDX-License-Identifier: Apache-2.0
/// From raw values to ids: 0 is padding, 1 is out of vocabulary, known values follow from 2 in first-seen order.
@NullMarked
package org.gradus.data.vocabulary;

import org.jspecify.annotations.NullMarked;
