// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.gradus.trainer.cli.Gradus;

/// Starts the command line.
public final class Main {
  private Main() {}

  /// Runs one command and ends the process with its exit code.
  ///
  /// @param args what was typed
  public static void main(String[] args) {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    int code = Gradus.run(out, err, args);
    out.flush();
    err.flush();
    System.exit(code);
  }
}
