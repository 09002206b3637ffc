// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.gradus.trainer.run.Diagnosis;
import org.gradus.trainer.run.RunDiagnosis;
import org.gradus.trainer.run.RunFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus diagnose`.
@Command(
    name = "diagnose",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Says whether a run under-fitted, over-fitted, swings or diverges, with the numbers behind"
          + " it, and draws its losses.",
      "The picture is diagnosis.png in the folder of the run. The verdict is advice."
    })
final class DiagnoseCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
  private Path run = Path.of("");

  @Option(
      names = "--last",
      paramLabel = "N",
      converter = Whole.Count.class,
      defaultValue = "5",
      description = "epochs at the end that slopes are taken over (default 5)")
  private int last = 5;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    RunFolder folder = RunFolder.open(run);
    RunDiagnosis losses = RunDiagnosis.of(folder, folder.config(Presets.of(null, null)));
    Diagnosis.Thresholds p = Diagnosis.Thresholds.PRESET;
    Diagnosis d =
        losses.diagnosis(
            new Diagnosis.Thresholds(last, p.slope(), p.variation(), p.rise(), p.uninformed()));
    out.print(d.report());
    try {
      losses.draw(run, "diagnosis", d);
      out.println("picture: " + run.resolve("diagnosis.png"));
    } catch (NoClassDefFoundError | UnsatisfiedLinkError | InternalError | java.awt.AWTError e) {
      out.println(
          "no picture: this Java cannot draw text here ("
              + e.getMessage()
              + "). Install fontconfig and a font.");
    }
    out.flush();
  }
}
