// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import com.google.common.base.Splitter;
import com.google.common.hash.Hashing;
import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.text.Utf8Reader;
import org.gradus.embeddings.Field.LabelKind;

/// Parses the rows of a table whose first line, or else the schema, names its columns. A cell that breaks its column's rule makes its row
/// malformed.
final class CsvRows implements AutoCloseable {
  private static final String MARK = "\uFEFF"; // some programs begin a file with it

  private final Path file;
  private final CsvSchema schema;
  private final BadRows bad;
  private final Utf8Reader reader;
  private final CloseableIterator<CsvRecord> records;
  private final int width;
  private final int[]
      places; // by column of the schema; -1 for a label that the table does not have
  private final int[] masks; // by column: where the mask of a label stands in the table, or −1
  private long line = 1;
  private long rows;

  /// @param labelsOptional whether a table without labels, masks and weights is accepted
  CsvRows(Path file, CsvSchema schema, BadRows bad, boolean labelsOptional) {
    this.file = file;
    this.schema = schema;
    this.bad = bad;
    this.reader = new Utf8Reader(file);
    boolean opened = false;
    try {
      this.records =
          CsvReader.builder()
              .fieldSeparator(schema.separator())
              .detectBomHeader(false)
              .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
              .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
              .ofCsvRecord(reader)
              .iterator();
      if (!records.hasNext()) {
        throw new DataException(file + ": the file is empty. Expected a first line of names.");
      }
      List<String> names =
          schema.names().isEmpty() ? withoutMark(records.next().getFields()) : schema.names();
      this.width = names.size();
      this.places = places(names, labelsOptional);
      this.masks = masks(schema, places);
      opened = true;
    } finally {
      if (!opened) {
        reader.close();
      }
    }
  }

  /// The names without the byte order mark that some programs put before the first.
  private static List<String> withoutMark(List<String> names) {
    List<String> plain = new ArrayList<>(names);
    if (plain.getFirst().startsWith(MARK)) {
      plain.set(0, plain.getFirst().substring(1));
    }
    return plain;
  }

  private int[] places(List<String> names, boolean labelsOptional) {
    int[] found = new int[schema.columns().size()];
    for (int c = 0; c < found.length; c++) {
      CsvSchema.Column column = schema.columns().get(c);
      found[c] = names.indexOf(column.name());
      boolean optional =
          switch (column.kind()) {
            case LABEL, MASK, WEIGHT -> labelsOptional;
            default -> false;
          };
      if (found[c] < 0 && !optional) {
        throw DataException.row(
            file,
            1,
            "no column "
                + column.name()
                + ", which the schema names. "
                + (schema.names().isEmpty() ? "The first line names: " : "The names are: ")
                + String.join(", ", names)
                + ".");
      }
    }
    return found;
  }

  private static int[] masks(CsvSchema schema, int[] places) {
    int[] masks = new int[places.length];
    Arrays.fill(masks, -1);
    for (int m = 0; m < places.length; m++) {
      CsvSchema.Column mask = schema.columns().get(m);
      for (int c = 0; c < places.length && mask.kind() == CsvSchema.Kind.MASK; c++) {
        if (schema.columns().get(c).name().equals(mask.option("label", ""))) {
          masks[c] = places[m];
        }
      }
    }
    return masks;
  }

  /// Fills a row with the next well-formed one; false at the end.
  boolean next(CsvRow row) {
    while (hasNext()) {
      CsvRecord record = records.next();
      line = record.getStartingLineNumber();
      try {
        if (record.getFieldCount() != width) {
          throw DataException.row(
              file,
              line,
              record.getFieldCount()
                  + " columns. Expected "
                  + width
                  + (schema.names().isEmpty() ? ", as in the first line." : ", as many as names."));
        }
        for (int c = 0; c < places.length; c++) {
          parse(schema.columns().get(c), c, record, row);
        }
        row.number = rows++;
        return true;
      } catch (DataException e) {
        bad.add(e);
      }
    }
    if (rows == 0 && bad.skipped() == 0) {
      throw new DataException(file + ": no rows after the first line.");
    }
    return false;
  }

  private boolean hasNext() {
    try {
      return records.hasNext();
    } catch (CsvParseException e) {
      if (e.getCause() instanceof DataException cause) {
        throw cause; // of the bytes beneath
      }
      throw new DataException(
          file + ": after line " + line + ": " + e.getMessage() + ". Is a quote left open?", e);
    }
  }

  private void parse(CsvSchema.Column column, int c, CsvRecord record, CsvRow row) {
    row.reals[c] = Float.NaN;
    if (places[c] < 0) {
      return;
    }
    String cell = record.getField(places[c]);
    cell = line == 1 && cell.startsWith(MARK) ? cell.substring(1) : cell;
    switch (column.kind()) {
      case LABEL -> {
        // what stands in a masked label is not read: mostly nothing does
        boolean masked = masks[c] >= 0 && record.getField(masks[c]).equals("0");
        row.reals[c] = masked ? 0 : label(column, cell);
      }
      case MASK -> {
        if (!cell.equals("0") && !cell.equals("1")) {
          throw bad(column, cell, "Expected 0 or 1.");
        }
        row.reals[c] = cell.equals("1") ? 1 : 0;
      }
      case WEIGHT -> {
        row.reals[c] = real(column, cell);
        if (row.reals[c] < 0) {
          throw bad(column, cell, "Expected a weight of at least 0.");
        }
      }
      case DENSE -> row.reals[c] = cell.isEmpty() ? Float.NaN : dense(column, cell);
      case GROUP -> row.integers[c] = group(cell);
      case TIMESTAMP -> row.integers[c] = whole(column, cell, Long.MIN_VALUE, Long.MAX_VALUE);
      case DOMAIN -> row.integers[c] = whole(column, cell, 0, column.number("domains", 1, 1) - 1L);
      case CATEGORICAL -> {
        row.tokens.get(c).clear();
        row.tokens.get(c).add(cell);
      }
      case MULTI, SEQUENCE, SESSIONS -> lists(column, c, cell, row);
    }
  }

  private float label(CsvSchema.Column column, String cell) {
    float label = real(column, cell);
    boolean binary = column.choice("kind", LabelKind.BINARY) == LabelKind.BINARY;
    if (binary && label != 0 && label != 1) {
      throw bad(column, cell, "Expected 0 or 1.");
    }
    return label;
  }

  private float dense(CsvSchema.Column column, String cell) {
    float x = real(column, cell);
    if (x <= -1 && column.choice("transform", DenseRule.NONE) == DenseRule.LOG1P) {
      throw bad(column, cell, "Expected more than -1, for ln(1 + x).");
    }
    return x;
  }

  private float real(CsvSchema.Column column, String cell) {
    try {
      float x = Float.parseFloat(cell);
      if (Float.isFinite(x)) {
        return x;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number that is not finite
    }
    throw bad(column, cell, "Expected a finite number.");
  }

  private long whole(CsvSchema.Column column, String cell, long min, long max) {
    try {
      long n = Long.parseLong(cell);
      if (n >= min && n <= max) {
        return n;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number out of range
    }
    throw bad(column, cell, "Expected a whole number from " + min + " to " + max + ".");
  }

  /// A number stands for itself, any other text for 64 bits of its hash.
  private static long group(String cell) {
    try {
      return Long.parseLong(cell);
    } catch (NumberFormatException e) {
      return Hashing.murmur3_128().hashString(cell, StandardCharsets.UTF_8).asLong();
    }
  }

  /// Lists keep their latest ids; bags without order their first ones. An empty cell is an empty list; between two separators
  /// something must stand, for columns may be read step by step, and a step that is left out would move those behind it.
  private void lists(CsvSchema.Column column, int c, String cell, CsvRow row) {
    List<String> to = row.tokens.get(c);
    IntArrayList sizes = row.sessions.get(c);
    to.clear();
    sizes.clear();
    if (cell.isEmpty()) {
      return;
    }
    String separator = column.option("split", "|");
    int most = column.number("max-length", 50, 1);
    if (column.kind() != CsvSchema.Kind.SESSIONS) {
      List<String> ids = split(column, cell, cell, separator);
      boolean ordered = column.kind() == CsvSchema.Kind.SEQUENCE;
      to.addAll(ordered ? last(ids, most) : ids.subList(0, Math.min(most, ids.size())));
      return;
    }
    List<List<String>> sessions = new ArrayList<>();
    for (String session : split(column, cell, cell, column.option("session-split", ";"))) {
      sessions.add(last(split(column, cell, session, separator), most));
    }
    for (List<String> ids : last(sessions, column.number("max-sessions", 5, 1))) {
      to.addAll(ids);
      sizes.add(ids.size());
    }
  }

  /// What stands between separators.
  ///
  /// @param cell for the message
  private List<String> split(CsvSchema.Column column, String cell, String list, String separator) {
    List<String> parts = Splitter.on(separator).splitToList(list);
    if (parts.contains("")) {
      throw bad(
          column,
          cell,
          "Expected something before, between and behind separators \""
              + separator
              + "\": a word of its own, such as unknown, where a value is missing, and an empty"
              + " cell for an empty list.");
    }
    return parts;
  }

  private static <T> List<T> last(List<T> ids, int most) {
    return ids.subList(Math.max(0, ids.size() - most), ids.size());
  }

  private DataException bad(CsvSchema.Column column, String cell, String rule) {
    return DataException.value(file, line, column.name(), cell, rule);
  }

  @Override
  public void close() {
    try {
      records.close();
    } catch (IOException e) {
      throw DataException.io("closing", file, e);
    }
  }
}
