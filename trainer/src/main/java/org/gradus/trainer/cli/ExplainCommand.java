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

/// `gradus explain`: a model as data flow.
@Command(
    name = "explain",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Prints what a model computes, in order: each statement of its forward pass with the shape of"
          + " its result, the parameters it reads, and the equation whose number stands beside it.",
      "It is found by watching the model work on random rows in evaluation, and read from its"
          + " sources. Without --data and --schema, for the small schema of gradient checks."
    })
final class ExplainCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--model", paramLabel = "M", required = true, description = "see: gradus models")
  private String model = "";

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
