// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.trainer.run.RunFolder;
import org.gradus.trainer.run.TrainConfig;
import org.gradus.trainer.weights.TorchLayout;
import org.gradus.trainer.weights.WeightMap;
import org.gradus.trainer.weights.Weights;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `gradus weights`: parameters from and for other programs.
@Command(
    name = "weights",
    mixinStandardHelpOptions = true,
    description = {
      "Reads and writes parameters as safetensors, under PyTorch's names and in its layout.",
      "A mapping file gives other names: lines of a tensor, a parameter, and possibly the word"
          + " transposed; - on either side for none."
    },
    subcommands = {
      WeightsCommand.Names.class,
      WeightsCommand.Export.class,
      WeightsCommand.Import.class
    })
final class WeightsCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static WeightMap map(@Nullable Path file, Session session, Schema schema) {
    return file == null
        ? TorchLayout.of(session.model(), session.params(), schema)
        : WeightMap.read(file);
  }

  private static TrainConfig configured(String model, Protocol protocol) {
    ModelSpec m = Models.get(model);
    TrainConfig preset = Presets.of(m.name(), protocol.data());
    return protocol.over(preset, m, protocol.settings());
  }

  /// `gradus weights map`.
  @Command(
      name = "map",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Prints the mapping of a model, to be edited for a file with other names.")
  static final class Names implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--model", paramLabel = "M", required = true, description = "which model")
    private String model = "";

    @Mixin private Protocol protocol = new Protocol();

    @Override
    public void run() {
      PrintWriter err = spec.commandLine().getErr();
      TrainConfig c = configured(model, protocol);
      String device = Runs.device(protocol.device(), c, err);
      try (DataSet set = Session.open(c, err).data();
          Session session = new Session(c, set.schema(), device)) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(map(null, session, set.schema()).text());
        out.flush();
      }
    }
  }

  /// `gradus weights export`.
  @Command(
      name = "export",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Writes the parameters of a run's model.")
  static final class Export implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
    private Path run = Path.of("");

    @Option(
        names = "--out",
        paramLabel = "FILE",
        required = true,
        description = "the file to write")
    private Path out = Path.of("");

    @Option(
        names = "--map",
        paramLabel = "FILE",
        description = "mapping (default: PyTorch's names)")
    private @Nullable Path map;

    @Option(
        names = "--device",
        paramLabel = "NAME",
        description = "any device (default: $$GRADUS_DEVICE, else that of the run)")
    private @Nullable String device;

    @Override
    public void run() {
      PrintWriter err = spec.commandLine().getErr();
      Runs.checkFile("--out", out);
      RunFolder folder = RunFolder.open(run);
      checkOut();
      TrainConfig c = folder.config(Presets.of(null, null));
      String name = Runs.device(device, c, err);
      try (DataSet set = Session.open(c, err).data();
          Session session = new Session(c, set.schema(), name)) {
        folder.loadModel(session.params());
        int n = Weights.write(out, session.params(), map(map, session, set.schema()));
        spec.commandLine().getOut().println(n + " tensors written: " + out);
      }
    }

    /// Neither a file of a run nor the mapping may be written over.
    private void checkOut() {
      boolean ofARun =
          out.toAbsolutePath().normalize().startsWith(run.toAbsolutePath().normalize());
      boolean mapping =
          map != null && out.toAbsolutePath().normalize().equals(map.toAbsolutePath().normalize());
      if ((ofARun && Files.exists(out)) || mapping) {
        throw new IllegalArgumentException(
            "--out "
                + out
                + " is "
                + (mapping ? "the mapping, --map" : "a file of the run")
                + ". Expected another.");
      }
    }
  }

  /// `gradus weights import`.
  @Command(
      name = "import",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Makes the folder of a run from parameters that were trained elsewhere, which evaluate,"
            + " predict and train --init-from understand.",
        "Model, settings and data say what the parameters belong to."
      })
  static final class Import implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(names = "--model", paramLabel = "M", required = true, description = "which model")
    private String model = "";

    @Option(
        names = "--from",
        paramLabel = "FILE",
        required = true,
        description = "tensors of type F64, F32, F16 or BF16")
    private Path from = Path.of("");

    @Option(
        names = "--map",
        paramLabel = "FILE",
        description = "mapping (default: PyTorch's names)")
    private @Nullable Path map;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "new folder")
    private Path out = Path.of("");

    @Mixin private Protocol protocol = new Protocol();

    @Override
    public void run() {
      PrintWriter err = spec.commandLine().getErr();
      if (Files.exists(out)) {
        throw new IllegalArgumentException(
            "weights import: " + out + " is there already. Expected the name of a new folder.");
      }
      TrainConfig asked = configured(model, protocol);
      TrainConfig c = asked.on(Runs.device(protocol.device(), asked, err));
      DataSource.Opened opened = Session.open(c, err);
      try (DataSet set = opened.data();
          Session session = new Session(c, set.schema(), c.device())) {
        int n = Weights.read(from, session.params(), map(map, session, set.schema()));
        RunFolder.writeModel(
            out, c, session.params(), folder -> Runs.keepEncoder(opened.encoder(), folder));
        spec.commandLine().getOut().println(n + " tensors read; run: " + out);
      }
    }
  }
}
