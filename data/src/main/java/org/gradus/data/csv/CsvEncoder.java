// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import com.google.common.hash.Hashing;
import java.io.DataInput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.FittedFields;
import org.gradus.data.GrowFrom;
import org.gradus.data.csv.CsvSchema.Column;
import org.gradus.data.prepared.ChecksummedFile;
import org.gradus.data.prepared.PreparedFile;
import org.gradus.data.prepared.PreparedWriter;
import org.gradus.data.prepared.Row;
import org.gradus.data.vocabulary.MissingPolicy;
import org.gradus.data.vocabulary.TextVocabulary;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// From rows of a table to examples, with the vocabularies and statistics of the training rows.
public final class CsvEncoder implements DataSource.Encoder, FittedFields {
  private static final String KIND = "csv encoder 1";
  private static final String FILE = "encoder";

  private final CsvSchema columns;
  private final Map<String, TextVocabulary> vocabularies;
  private final double[] means;
  private final double[] deviations;
  private final double[] missing;
  private final Schema schema;
  private final int[] targets; // by column: its position among the columns of its kind in a Row

  private CsvEncoder(
      CsvSchema columns,
      Map<String, TextVocabulary> vocabularies,
      double[] means,
      double[] deviations,
      double[] missing) {
    this.columns = columns;
    this.vocabularies = vocabularies;
    this.means = means;
    this.deviations = deviations;
    this.missing = missing;
    this.schema = columns.schema(this::size);
    List<Field> fields = schema.fields();
    this.targets = new int[fields.size()];
    Row row = new Row(schema);
    for (int c = 0; c < targets.length; c++) {
      Field f = fields.get(c);
      targets[c] =
          switch (f) {
            case Field.Dense _ -> schema.dense().indexOf(f);
            case Field.Ids _ -> schema.ids().indexOf(f);
            case Field.Label _, Field.LabelMask _, Field.SampleWeight _ -> row.realIndex(f.name());
            case Field.Group _, Field.Domain _, Field.Timestamp _ -> row.integerIndex(f.name());
            case Field.Series _ -> throw new IllegalStateException(f.name() + ": no such column");
          };
    }
  }

  private static MissingPolicy missing(Column c) {
    return c.choice("missing", MissingPolicy.OOV);
  }

  /// The vocabulary that a table of another schema goes on with; null when it has none, or is new.
  private @Nullable TextVocabulary known(CsvSchema other, String table) {
    String before = origin(columns, table);
    String now = origin(other, table);
    if (!before.isEmpty() && !now.equals(before)) {
      throw GrowFrom.changed("table " + table, now, before);
    }
    return vocabularies.get(table);
  }

  /// Where a column of another schema stands here, or −1.
  private int place(Column column) {
    for (int c = 0; c < columns.columns().size(); c++) {
      Column own = columns.columns().get(c);
      if (own.name().equals(column.name()) && own.kind() == column.kind()) {
        return c;
      }
    }
    return -1;
  }

  /// Where the ids of a table come from: its first column decides. Empty when there is no such table.
  private static String origin(CsvSchema schema, String table) {
    for (Column c : schema.columns()) {
      if (c.kind().ids() && c.table().equals(table)) {
        String hash = c.option("hash", "");
        String missing = missing(c).name().toLowerCase(Locale.ROOT).replace('_', '-');
        return hash.isEmpty() ? "values, missing=" + missing : "hash=" + hash;
      }
    }
    return "";
  }

  private int size(Column c) {
    TextVocabulary v = vocabularies.get(c.table());
    return v == null ? c.number("hash", 3, 3) : v.size();
  }

  Schema schema() {
    return schema;
  }

  /// Where an encoder lies in a folder.
  static Path file(Path folder) {
    return folder.resolve(FILE);
  }

  /// Fills an example from a row.
  void encode(CsvRow from, Row to) {
    to.clear();
    for (int c = 0; c < targets.length; c++) {
      Column column = columns.columns().get(c);
      int t = targets[c];
      switch (column.kind()) {
        case LABEL -> to.real(t, from.reals[c]);
        case MASK, WEIGHT -> to.real(t, Float.isNaN(from.reals[c]) ? 1 : from.reals[c]);
        case DENSE -> to.dense(t, dense(column, c, from.reals[c]));
        case GROUP, DOMAIN, TIMESTAMP -> to.integer(t, from.integers[c]);
        case CATEGORICAL, MULTI, SEQUENCE, SESSIONS -> {
          for (String token : from.tokens.get(c)) {
            to.add(t, id(column, token));
          }
          for (int i = 0; i < from.sessions.get(c).size(); i++) {
            to.session(t, from.sessions.get(c).getInt(i));
          }
        }
      }
    }
  }

  private int id(Column column, String token) {
    TextVocabulary v = vocabularies.get(column.table());
    if (v != null) {
      return v.id(token);
    }
    int rows = column.number("hash", 3, 3);
    long hash = Hashing.murmur3_128().hashString(token, StandardCharsets.UTF_8).asLong();
    return token.isEmpty() ? 1 : 2 + (int) Long.remainderUnsigned(hash, rows - 2);
  }

  private float dense(Column column, int c, float raw) {
    float x = Float.isNaN(raw) ? fill(column) : raw;
    return switch (column.choice("transform", DenseRule.NONE)) {
      case NONE -> x;
      case LOG1P -> (float) StrictMath.log1p(x);
      case STANDARDISE -> (float) ((x - means[c]) / (deviations[c] > 0 ? deviations[c] : 1));
    };
  }

  private static float fill(Column column) {
    try {
      return Float.parseFloat(column.option("missing", "0"));
    } catch (NumberFormatException e) {
      throw column.bad("missing", "a number");
    }
  }

  /// Encodes a table with the same columns. Labels that it does not have are NaN.
  @Override
  public Examples encode(Path file) {
    try {
      Path encoded = Files.createTempFile("gradus-", ".rows");
      try (CsvRows rows = new CsvRows(file, columns, BadRows.never(), true);
          PreparedWriter writer = new PreparedWriter(encoded, schema)) {
        CsvRow raw = new CsvRow(columns);
        Row row = new Row(schema);
        while (rows.next(raw)) {
          encode(raw, row);
          writer.append(row);
        }
        writer.finish();
      } catch (RuntimeException e) {
        Files.deleteIfExists(encoded);
        throw e;
      }
      return PreparedFile.openTemporary(encoded);
    } catch (IOException e) {
      throw DataException.io("writing temporary files, while encoding", file, e);
    }
  }

  @Override
  public String value(String field, int id) {
    if (schema.field(field) instanceof Field.Ids ids) {
      TextVocabulary v = vocabularies.get(ids.table());
      return v == null ? "row " + id : v.value(id);
    }
    throw new IllegalArgumentException(field + " holds no ids.");
  }

  @Override
  public double missingShare(String field) {
    return missing[schema.fields().indexOf(schema.field(field))];
  }

  @Override
  public void save(Path folder) {
    ChecksummedFile.write(
        file(folder),
        KIND,
        out -> {
          out.writeUTF(columns.text());
          for (double[] statistics : new double[][] {means, deviations, missing}) {
            for (double x : statistics) {
              out.writeDouble(x);
            }
          }
          out.writeInt(vocabularies.size());
          for (var e : vocabularies.entrySet()) {
            out.writeUTF(e.getKey());
            e.getValue().write(out);
          }
        });
  }

  /// Reads what [#save] wrote.
  public static CsvEncoder load(Path folder) {
    return ChecksummedFile.read(file(folder), KIND, CsvEncoder::read);
  }

  private static CsvEncoder read(DataInput in) throws IOException {
    CsvSchema columns = CsvSchema.parse(Path.of(FILE), in.readUTF());
    int n = columns.columns().size();
    double[][] statistics = new double[3][n];
    for (double[] s : statistics) {
      for (int c = 0; c < n; c++) {
        s[c] = in.readDouble();
      }
    }
    Map<String, TextVocabulary> vocabularies = new LinkedHashMap<>();
    for (int tables = in.readInt(); tables > 0; tables--) {
      vocabularies.put(in.readUTF(), TextVocabulary.read(in));
    }
    return new CsvEncoder(columns, vocabularies, statistics[0], statistics[1], statistics[2]);
  }

  /// Looks at training rows and gathers vocabularies and statistics.
  static final class Fit {
    private final CsvSchema columns;
    private final @Nullable CsvEncoder start;
    private final Map<String, TextVocabulary.Builder> builders = new LinkedHashMap<>();
    private final double[] means;
    private final double[] squares; // sum of squared deviations from the mean
    private final double[] missing;
    private long rows;

    /// @param start an encoder whose ids stay as they are, and whose columns keep their mean and deviation: an old row
    /// means to a model what it meant; or null
    Fit(CsvSchema columns, @Nullable CsvEncoder start) {
      this.columns = columns;
      this.start = start;
      int n = columns.columns().size();
      means = new double[n];
      squares = new double[n];
      missing = new double[n];
      for (Column c : columns.columns()) {
        TextVocabulary known =
            start == null || !c.kind().ids() ? null : start.known(columns, c.table());
        if (c.kind().ids() && c.option("hash", "").isEmpty()) {
          int minCount = c.number("min-count", 0, 0);
          builders.computeIfAbsent(
              c.table(),
              _ ->
                  known == null
                      ? new TextVocabulary.Builder(minCount, missing(c))
                      : new TextVocabulary.Builder(minCount, known));
        }
      }
    }

    void add(CsvRow row) {
      rows++;
      for (int c = 0; c < means.length; c++) {
        Column column = columns.columns().get(c);
        if (column.kind() == CsvSchema.Kind.DENSE) {
          missing[c] += Float.isNaN(row.reals[c]) ? 1 : 0;
          double x = Float.isNaN(row.reals[c]) ? fill(column) : row.reals[c];
          double before = x - means[c];
          means[c] += before / rows; // Welford
          squares[c] += before * (x - means[c]);
        } else if (column.kind().ids()) {
          List<String> tokens = row.tokens.get(c);
          missing[c] += tokens.isEmpty() || tokens.get(0).isEmpty() ? 1 : 0;
          TextVocabulary.Builder builder = builders.get(column.table());
          if (builder != null) {
            tokens.forEach(builder::add);
          }
        }
      }
    }

    CsvEncoder build() {
      double[] deviations = new double[means.length];
      for (int c = 0; c < means.length; c++) {
        deviations[c] = rows == 0 ? 0 : Math.sqrt(squares[c] / rows);
        missing[c] = rows == 0 ? Double.NaN : missing[c] / rows;
        int old = start == null ? -1 : start.place(columns.columns().get(c));
        if (start != null && old >= 0) {
          means[c] = start.means[old];
          deviations[c] = start.deviations[old];
        }
      }
      Map<String, TextVocabulary> vocabularies = new LinkedHashMap<>();
      builders.forEach((table, b) -> vocabularies.put(table, b.build()));
      return new CsvEncoder(columns, vocabularies, means, deviations, missing);
    }
  }
}
