// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.Serial;

/// A command did its work, and the answer is no: everything worth saying was printed, or is its message. Exit code 1.
final class CommandFailed extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  CommandFailed(String message) {
    super(message);
  }

  CommandFailed(String message, Throwable cause) {
    super(message, cause);
  }
}
