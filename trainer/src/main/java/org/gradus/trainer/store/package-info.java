// SPDX-License-Identifier: Apache-2.0

/// Files that are either whole or not there: atomic writing, and tensors in the safetensors format.
@NullMarked
package org.gradus.trainer.store;

import org.jspecify.annotations.NullMarked;
