// SPDX-License-Identifier: Apache-2.0
/// Sentences in pairs, generated: a source, and what it is in another language.
@NullMarked
package org.gradus.data.translation;

import org.jspecify.annotations.NullMarked;
