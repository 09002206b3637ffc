// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.behaviour;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.text.Utf8Reader;

/// A table in CSV whose columns are read by name.
///
/// @param file where it lies
/// @param names of its columns, when it has no first line of names; else empty
record Table(Path file, List<String> names) {
  /// A line.
  ///
  /// @param names of its columns
  /// @param record its cells
  record Line(Path file, List<String> names, CsvRecord record) {
    /// The text of a column.
    String text(String column) {
      return record.getField(names.indexOf(column));
    }

    /// A whole number.
    long whole(String column) {
      String cell = text(column);
      try {
        return Long.parseLong(cell);
      } catch (NumberFormatException e) {
        throw bad(column, "Expected a whole number.");
      }
    }

    /// 0 or 1.
    float flag(String column) {
      String cell = text(column);
      if (!cell.equals("0") && !cell.equals("1")) {
        throw bad(column, "Expected 0 or 1.");
      }
      return cell.equals("1") ? 1 : 0;
    }

    /// An error about a cell.
    DataException bad(String column, String rule) {
      return DataException.value(file, record.getStartingLineNumber(), column, text(column), rule);
    }
  }

  /// Hands out every line. A line that the taker calls malformed, or that has another number of columns, goes to `bad`.
  ///
  /// @param needed columns that must be there
  void forEach(List<String> needed, BadRows bad, Consumer<Line> each) {
    try (Utf8Reader reader = new Utf8Reader(file);
        CloseableIterator<CsvRecord> records =
            CsvReader.builder()
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .ofCsvRecord(reader)
                .iterator()) {
      List<String> columns =
          !names.isEmpty() ? names : records.hasNext() ? records.next().getFields() : List.of();
      for (String name : needed) {
        if (!columns.contains(name)) {
          throw DataException.row(
              file,
              1,
              "no column " + name + ". The columns are: " + String.join(", ", columns) + ".");
        }
      }
      while (records.hasNext()) {
        CsvRecord record = records.next();
        try {
          if (record.getFieldCount() != columns.size()) {
            throw DataException.row(
                file,
                record.getStartingLineNumber(),
                record.getFieldCount() + " columns. Expected " + columns.size() + ".");
          }
          each.accept(new Line(file, columns, record));
        } catch (DataException e) {
          bad.add(e);
        }
      }
    } catch (CsvParseException e) {
      if (e.getCause() instanceof DataException cause) {
        throw cause; // of the bytes beneath
      }
      throw new DataException(file + ": " + e.getMessage() + ". Is a quote left open?", e);
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }
}
