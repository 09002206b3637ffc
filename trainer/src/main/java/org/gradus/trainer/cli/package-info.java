// SPDX-License-Identifier: Apache-2.0
/// The command line: one class per command, thin over what the other packages do.
@NullMarked
package org.gradus.trainer.cli;

import org.jspecify.annotations.NullMarked;
