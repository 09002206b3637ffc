// SPDX-License-Identifier: Apache-2.0
/// Tests of retrieval.
@NullMarked
package org.gradus.trainer.retrieval;

import org.jspecify.annotations.NullMarked;
