// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.NewFile;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;

/// Rows of a [RowLaw]: prepared, or written as a table for `--data csv`.
///
/// @param law what the rows are
/// @param version changes when equal settings generate other rows
record GeneratedTable(RowLaw law, String version) {
  /// How many rows there are, with their presets.
  static Map<String, String> presets() {
    return Map.of("rows", "100000", "validRows", "20000", "testRows", "50000");
  }

  /// How many rows a split has.
  record Rows(int train, int valid, int test) {}

  /// As many rows of each split as the settings of [#presets] say.
  DataSource.Opened open(DataSource source, DataSource.Request request) {
    Settings s = Settings.of(source, request.settings());
    return open(
        source,
        request,
        new Rows(s.integer("rows", 1), s.integer("validRows", 0), s.integer("testRows", 1)));
  }

  /// Training rows, then validation rows, then test rows.
  DataSource.Opened open(DataSource source, DataSource.Request request, Rows rows) {
    Settings s = Settings.of(source, request.settings());
    int train = rows.train;
    int valid = rows.valid;
    int test = rows.test;
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            source.name(),
            PreparedFolder.key(s, request.seed(), List.of()) + version,
            building -> {
              request.progress().accept("generating " + ((long) train + valid + test) + " rows");
              CsvEncoder encoder = fit(train);
              encoder.save(building);
              try (SplitWriters writers = new SplitWriters(building, encoder.schema())) {
                write(encoder, 0, train, writers.of(Split.TRAIN));
                write(encoder, train, valid, writers.of(Split.VALID));
                write(encoder, (long) train + valid, test, writers.of(Split.TEST));
                writers.finish();
              }
              PreparedFolder.writeFacts(building, law.facts((long) train + valid, test));
            });
    return new DataSource.Opened(folder.open(source.name()), CsvEncoder.load(folder.path()));
  }

  private CsvEncoder fit(int train) {
    CsvEncoder.Fit fit = new CsvEncoder.Fit(law.schema(), null);
    CsvRow row = new CsvRow(law.schema());
    for (int r = 0; r < train; r++) {
      law.fill(r, row);
      fit.add(row);
    }
    return fit.build();
  }

  private void write(CsvEncoder encoder, long from, int rows, PreparedWriter to) {
    CsvRow raw = new CsvRow(law.schema());
    Row row = new Row(encoder.schema());
    for (long r = from; r < from + rows; r++) {
      law.fill(r, raw);
      encoder.encode(raw, row);
      to.append(row);
    }
  }

  /// Writes a table, and its schema file beside it.
  long write(Path file, long rows) {
    Path schema = file.resolveSibling(file.getFileName() + ".schema");
    NewFile.check(file);
    NewFile.check(schema);
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    List<CsvSchema.Column> columns = law.schema().columns();
    try {
      try (BufferedWriter to = Files.newBufferedWriter(temporary)) {
        to.write(String.join(",", columns.stream().map(CsvSchema.Column::name).toList()));
        to.write('\n');
        CsvRow row = new CsvRow(law.schema());
        for (long r = 0; r < rows; r++) {
          law.fill(r, row);
          for (int c = 0; c < columns.size(); c++) {
            to.write(c == 0 ? "" : ",");
            to.write(cell(columns.get(c), c, row));
          }
          to.write('\n');
        }
      }
      Files.writeString(schema, law.schema().text());
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return rows;
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
  }

  private static String cell(CsvSchema.Column column, int c, CsvRow row) {
    return switch (column.kind()) {
      case LABEL, MASK -> Integer.toString((int) row.reals[c]);
      case GROUP, DOMAIN -> Long.toString(row.integers[c]);
      case CATEGORICAL -> row.tokens.get(c).getFirst();
      default ->
          throw new IllegalStateException(column.kind() + ": no law generates such a column");
    };
  }
}
