// SPDX-License-Identifier: Apache-2.0
/// The command line as a user sees it: exit codes, messages, and what it leaves on the disk.
@NullMarked
package org.gradus.tests.cli;

import org.jspecify.annotations.NullMarked;
