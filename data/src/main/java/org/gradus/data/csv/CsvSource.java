// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.GrowFrom;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;

/// `--data csv --path FILE`, with a schema file beside it: `FILE.schema` unless the setting `schema` names another.
public final class CsvSource implements DataSource {
  private static final String NAME = "csv";

  /// For `ServiceLoader`.
  public CsvSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "any table in CSV or TSV, plain or gzip, described by a schema file (FILE.schema, or the"
        + " setting schema)";
  }

  @Override
  public Map<String, String> settings() {
    return new TreeMap<>(
        Map.of(
            "schema",
            "",
            "split",
            "hash",
            "validPercent",
            "10",
            "testPercent",
            "10",
            "on-bad-row",
            "fail",
            GrowFrom.SETTING,
            ""));
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path path = request.path();
    if (path == null) {
      throw new DataException("--data csv needs --path: " + description() + ".");
    }
    if (Files.isDirectory(path) || !Files.exists(path)) {
      throw new DataException(
          "--data csv: "
              + path
              + (Files.exists(path) ? " is a folder" : " does not exist")
              + ". Expected a table: "
              + description()
              + ".");
    }
    Path schemaFile = s.given("schema") ? Path.of(s.text("schema")) : schemaBeside(path);
    CsvSchema schema = CsvSchema.read(schemaFile);
    CsvSplits splits = CsvSplits.of(schema, s, request.seed());
    long seed = s.choice("split", CsvSplits.By.class).seeded() ? request.seed() : 0;
    BadRows.Policy policy = s.choice("on-bad-row", BadRows.Policy.class);
    List<Path> inputs = new ArrayList<>(List.of(path, schemaFile));
    Path growFrom = GrowFrom.folder(s);
    CsvEncoder start = growFrom == null ? null : CsvEncoder.load(growFrom);
    if (growFrom != null) {
      inputs.add(CsvEncoder.file(growFrom));
    }
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, seed, inputs),
            building -> {
              request.progress().accept("reading " + path);
              BadRows bad = new BadRows(policy);
              look(path, schema, splits, bad, request.progress());
              CsvEncoder.Fit fit = new CsvEncoder.Fit(schema, start);
              gather(path, schema, splits, fit, policy);
              CsvEncoder encoder = fit.build();
              encoder.save(building);
              write(building, path, encoder, schema, splits, policy);
              PreparedFolder.writeFacts(building, bad.with(Map.of()));
            });
    return new Opened(folder.open(NAME), CsvEncoder.load(folder.path()));
  }

  /// `rows.csv.schema` for `rows.csv`; for `rows.csv.gz` as well, unless there is a `rows.csv.gz.schema`.
  private static Path schemaBeside(Path path) {
    Path beside = path.resolveSibling(path.getFileName() + ".schema");
    String name = path.getFileName().toString();
    if (name.endsWith(".gz") && !Files.exists(beside)) {
      Path plain = path.resolveSibling(name.substring(0, name.length() - 3) + ".schema");
      return Files.exists(plain) ? plain : beside;
    }
    return beside;
  }

  private static void look(
      Path path, CsvSchema schema, CsvSplits splits, BadRows bad, Consumer<String> progress) {
    try (CsvRows rows = new CsvRows(path, schema, bad, false)) {
      CsvRow row = new CsvRow(schema);
      while (rows.next(row)) {
        splits.look(row);
      }
    }
    bad.report(progress);
  }

  private static void gather(
      Path path, CsvSchema schema, CsvSplits splits, CsvEncoder.Fit fit, BadRows.Policy policy) {
    try (CsvRows rows = new CsvRows(path, schema, new BadRows(policy), false)) {
      CsvRow row = new CsvRow(schema);
      while (rows.next(row)) {
        if (splits.of(row) == Split.TRAIN) {
          fit.add(row);
        }
      }
    }
  }

  private static void write(
      Path folder,
      Path path,
      CsvEncoder encoder,
      CsvSchema schema,
      CsvSplits splits,
      BadRows.Policy policy) {
    BadRows bad = new BadRows(policy);
    try (CsvRows rows = new CsvRows(path, schema, bad, false);
        SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      CsvRow raw = new CsvRow(schema);
      Row row = new Row(encoder.schema());
      while (rows.next(raw)) {
        encoder.encode(raw, row);
        writers.of(splits.of(raw)).append(row);
      }
      if (writers.of(Split.TRAIN).rows() == 0) {
        throw bad.noTrainingRows(path);
      }
      writers.finish();
    }
  }

  @Override
  public Encoder encoder(Path folder) {
    return CsvEncoder.load(folder);
  }
}
