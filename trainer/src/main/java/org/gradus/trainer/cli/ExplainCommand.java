// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataSource;
import org.gradus.data.csv.CsvSchema;
import org.gradus.embeddings.Schema;
import org.gradus.models.ModelSpec;
import org.gradus.models.Models;
import org.gradus.models.Settings;
import org.gradus.trainer.explain.Explainer;
import org.gradus.trainer.explain.Explanation;
import org.gradus.trainer.explain.ExplanationText;
import org.gradus.trainer.run.TrainConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `gradus explain`: a model as data flow, or a row that a run scored.
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Prints what a model computes, in order: each statement of its forward pass with the shape of"
          + " its result, the parameters it reads, and the equation whose number stands beside it.",
      "It is found by watching the model work on random rows in evaluation, and read from its"
          + " sources. Without --data and --schema, for the small schema of gradient checks.",
      "With --run and --row: by what weights the model of a run mixed what a test row holds, such"
          + " as attention to the steps of its history."
    })
final class ExplainCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--model", paramLabel = "M", description = "see: gradus models")
  private @Nullable String model;

  @Option(names = "--run", paramLabel = "DIR", description = "folder of a run")
  private @Nullable Path run;

  @Option(
      names = "--row",
      paramLabel = "N",
      converter = Whole.Steps.class,
      description = "a test row of the run, counted from 0")
  private @Nullable Long row;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "with --row: draws the weights as a .png or .svg; several in numbered files")
  private @Nullable Path picture;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "with --row: any device (default: $$GRADUS_DEVICE, else that of the run)")
  private @Nullable String device;

  @Option(
      names = "--data",
      paramLabel = "D",
      description = "the schema of this data set, which is prepared if need be")
  private @Nullable String data;

  @Option(names = "--path", paramLabel = "P", description = "file or folder of the data")
  private @Nullable Path path;

  @Option(
      names = "--schema",
      paramLabel = "FILE",
      description = "a schema file as for --data csv, without the data")
  private @Nullable Path schema;

  @Option(
      names = "--rows",
      paramLabel = "N",
      converter = Whole.SeveralRows.class,
      description = "rows of each table of --schema, but of hashed ones (default 1000)")
  private @Nullable Integer rows;

  @Option(
      names = "--set",
      paramLabel = "key=value",
      converter = Assignment.Converter.class,
      description = "an option of the model, or of the data (data.…)")
  private List<Assignment> set = new ArrayList<>();

  @Option(names = "--json", description = "as JSON, for programs")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    if (run != null || row != null) {
      rowToExplain().print(out, spec.commandLine().getErr());
      return;
    }
    if (model == null || picture != null || device != null) {
      throw new IllegalArgumentException(
          "explain: "
              + (model == null ? "nothing to explain." : "--out or --device with --model.")
              + " Expected --model M, or --run DIR with --row N and perhaps --out and --device.");
    }
    ModelSpec m = Models.get(model);
    Explanation e = data == null ? fromFile(m) : fromData(m, data);
    if (json) {
      out.println(
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(e.toMap()));
    } else {
      out.print(ExplanationText.of(e));
    }
    out.flush();
  }

  private RowToExplain rowToExplain() {
    Path folder = run;
    Long number = row;
    boolean flow =
        model != null || data != null || path != null || schema != null || rows != null || json;
    boolean more = flow || !set.isEmpty();
    if (folder == null || number == null || more) {
      String wrong =
          folder == null
              ? "--row without --run."
              : number == null
                  ? "--run without --row."
                  : "--run and --row beside what explains a model.";
      throw new IllegalArgumentException(
          "explain: "
              + wrong
              + " Expected --run DIR and --row N, with --out and --device at most.");
    }
    return new RowToExplain(folder, number, device, picture);
  }

  private Explanation fromFile(ModelSpec m) {
    if (path != null) {
      throw new IllegalArgumentException("explain: --path without --data. Expected both.");
    }
    if (rows != null && schema == null) {
      throw new IllegalArgumentException(
          "explain: --rows " + rows + " without --schema. Expected it beside --schema.");
    }
    Settings settings = m.settings(Assignment.map(set, ""));
    Schema columns =
        schema == null
            ? m.exampleSchema(settings)
            : CsvSchema.read(schema).schema(rows == null ? 1000 : rows);
    return new Explainer().explain(m, settings, columns);
  }

  private Explanation fromData(ModelSpec m, String name) {
    if (schema != null || rows != null) {
      throw new IllegalArgumentException(
          "explain: --data " + name + " has a schema of its own. Expected no --schema and --rows.");
    }
    DataSource source = Sources.get(name);
    Overrides overrides = new Overrides(Assignment.map(set, ""), m, source);
    TrainConfig preset = Presets.of(m.name(), source.name());
    Map<String, String> dataSettings = new LinkedHashMap<>(preset.data().settings());
    dataSettings.putAll(overrides.data());
    TrainConfig.DataChoice choice =
        new TrainConfig.DataChoice(
            source.name(), path == null ? null : path.toString(), dataSettings);
    Map<String, String> options = new LinkedHashMap<>(preset.model().settings());
    options.putAll(overrides.model());
    try (var opened = Session.open(choice, spec.commandLine().getErr()).data()) {
      return new Explainer().explain(m, m.settings(options), opened.schema());
    }
  }
}
