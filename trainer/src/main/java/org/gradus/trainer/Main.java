// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The command line. It has no subcommands yet.
@Command(
    name = "gradus",
    mixinStandardHelpOptions = true,
    version = "gradus 0.1.0-SNAPSHOT",
    description = "Reference implementations of recommender-system papers in Java.")
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /// Starts the command line and ends the process with its exit code.
  ///
  /// @param args what was typed
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
