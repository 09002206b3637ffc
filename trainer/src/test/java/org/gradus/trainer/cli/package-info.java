// SPDX-License-Identifier: Apache-2.0

/// Parts of the command line; the commands themselves are tested where all modules are.
@NullMarked
package org.gradus.trainer.cli;

import org.jspecify.annotations.NullMarked;
