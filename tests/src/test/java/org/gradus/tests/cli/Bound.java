// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// Commands behind which another one is bound by the permissions of files, which do not bind root.
final class Bound {
  /// Nothing, for users who are bound already; then ways for root to give up the capability that lifts the bounds. Files
  /// of root stay root's own, so that the libraries can be read wherever they lie.
  private static final List<List<String>> WAYS =
      List.of(
          List.of(),
          List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search"),
          List.of(
              "capsh",
              "--drop=cap_dac_override,cap_dac_read_search",
              "--shell=/usr/bin/env",
              "--"));

  private Bound() {}

  /// The first way that works: behind it, a folder without permission to write cannot be written to.
  static List<String> by(Path closed) throws IOException, InterruptedException {
    for (List<String> way : WAYS) {
      if (ends(way, "true") == 0 && ends(way, "test", "-w", closed.toString()) == 1) {
        return way;
      }
    }
    Assumptions.abort(
        "permissions do not bind root, and neither setpriv nor capsh can change that here");
    throw new AssertionError("aborted above");
  }

  /// The exit code of a command, or 127 when it does not exist.
  private static int ends(List<String> way, String... command)
      throws IOException, InterruptedException {
    try {
      return new ProcessBuilder(Cli.join(way, List.of(command)))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return 127;
    }
  }
}
