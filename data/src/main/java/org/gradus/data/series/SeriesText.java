// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.data.DataException;
import org.gradus.data.text.Utf8Reader;

/// Series as a table, a line per station and time:
///
/// ```
/// station,time,power,temperature
/// north,2018-01-01T00:00:00Z,0.0,3.5
/// ```
///
/// Times are UTC, with or without the Z; an empty cell is a missing value. The lines of a station stand in the order of time, stations
/// in any order.
final class SeriesText {
  private static final String STATION = "station";
  private static final String TIME = "time";

  private SeriesText() {}

  /// What the lines of one station hold.
  private record Lines(LongArrayList times, List<DoubleArrayList> values) {}

  /// Reads a table.
  ///
  /// @param target which column is predicted; the first behind `station` and `time` when empty
  /// @param step seconds from one time to the next
  static Panel read(Path file, String target, long step) {
    return read(file, target, step, List.of());
  }

  /// As above.
  ///
  /// @param known stations that may stand there; any where there are none
  static Panel read(Path file, String target, long step, List<String> known) {
    Map<String, Lines> stations = new LinkedHashMap<>();
    Set<String> expected = new LinkedHashSet<>(known);
    List<String> measured = new ArrayList<>();
    try (Utf8Reader reader = new Utf8Reader(file);
        CloseableIterator<CsvRecord> records =
            CsvReader.builder()
                .detectBomHeader(false)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .ofCsvRecord(reader)
                .iterator()) {
      List<String> names = new ArrayList<>();
      if (records.hasNext()) {
        names.addAll(records.next().getFields());
        names.set(0, names.getFirst().replaceFirst("^\uFEFF", "")); // some programs begin with it
      }
      int[] places = places(file, names, target, measured);
      while (records.hasNext()) {
        CsvRecord record = records.next();
        read(file, record, names, places, stations);
        if (!expected.isEmpty() && !expected.contains(record.getField(places[0]))) {
          throw unknown(file, record, places[0], known);
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
    List<TimeSeries> all = new ArrayList<>();
    stations.forEach(
        (name, lines) ->
            all.add(
                new TimeSeries(
                    name,
                    lines.times.toLongArray(),
                    lines.values.stream()
                        .map(DoubleArrayList::toDoubleArray)
                        .toArray(double[][]::new))));
    return new Panel(measured, List.of(), step, all);
  }

  /// Where station, time and each variable stand, the target's first.
  private static int[] places(Path file, List<String> names, String target, List<String> measured) {
    measured.addAll(names);
    measured.removeAll(List.of(STATION, TIME));
    boolean found = target.isEmpty() || measured.remove(target);
    if (!names.contains(STATION)
        || !names.contains(TIME)
        || !found
        || (measured.isEmpty() && target.isEmpty())) {
      throw DataException.row(
          file,
          1,
          "the columns are "
              + String.join(", ", names)
              + ". Expected station, time"
              + (target.isEmpty() ? " and at least one more." : " and " + target + "."));
    }
    if (!target.isEmpty()) {
      measured.addFirst(target);
    }
    int[] places = new int[2 + measured.size()];
    places[0] = names.indexOf(STATION);
    places[1] = names.indexOf(TIME);
    for (int v = 0; v < measured.size(); v++) {
      places[2 + v] = names.indexOf(measured.get(v));
    }
    return places;
  }

  private static void read(
      Path file, CsvRecord record, List<String> names, int[] places, Map<String, Lines> stations) {
    long line = record.getStartingLineNumber();
    if (record.getFieldCount() != names.size()) {
      throw DataException.row(
          file,
          line,
          record.getFieldCount()
              + " columns. Expected "
              + names.size()
              + ", as in the first line.");
    }
    Lines to =
        stations.computeIfAbsent(
            record.getField(places[0]),
            _ -> {
              List<DoubleArrayList> values = new ArrayList<>();
              for (int v = 2; v < places.length; v++) {
                values.add(new DoubleArrayList());
              }
              return new Lines(new LongArrayList(), values);
            });
    long time = time(file, line, record.getField(places[1]));
    if (!to.times.isEmpty() && time <= to.times.getLong(to.times.size() - 1)) {
      throw DataException.value(
          file,
          line,
          TIME,
          record.getField(places[1]),
          "Expected times of a station that rise from line to line.");
    }
    to.times.add(time);
    for (int v = 2; v < places.length; v++) {
      to.values.get(v - 2).add(value(file, line, names.get(places[v]), record.getField(places[v])));
    }
  }

  private static DataException unknown(Path file, CsvRecord record, int place, List<String> known) {
    int shown = Math.min(known.size(), 10);
    return DataException.value(
        file,
        record.getStartingLineNumber(),
        STATION,
        record.getField(place),
        "The model was trained on no such station, and has no scale for it. Expected one of: "
            + String.join(", ", known.subList(0, shown))
            + (shown < known.size() ? ", … (" + known.size() + " in all)" : "")
            + ". Leave the lines of other stations out, or train a run on them.");
  }

  private static long time(Path file, long line, String cell) {
    try {
      String t = cell.replace(' ', 'T');
      return t.endsWith("Z")
          ? Instant.parse(t).getEpochSecond()
          : LocalDateTime.parse(t).toEpochSecond(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw DataException.value(
          file, line, TIME, cell, "Expected a time in UTC such as 2018-01-31T23:00:00Z.");
    }
  }

  private static double value(Path file, long line, String column, String cell) {
    if (cell.isEmpty()) {
      return Double.NaN;
    }
    try {
      double x = Double.parseDouble(cell);
      if (Double.isFinite(x)) {
        return x;
      }
    } catch (NumberFormatException e) {
      // reported below, like a number that is not finite
    }
    throw DataException.value(
        file, line, column, cell, "Expected a finite number, or nothing where it is missing.");
  }

  /// Writes what was measured, under a temporary name until it is whole.
  ///
  /// @return the number of lines behind the first
  static long write(Path file, Panel panel) {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    long lines = 0;
    try {
      try (BufferedWriter to = Files.newBufferedWriter(temporary)) {
        to.write(STATION + "," + TIME + "," + String.join(",", panel.measured()) + "\n");
        for (TimeSeries s : panel.stations()) {
          for (int i = 0; i < s.length(); i++) {
            to.write(s.name() + "," + Instant.ofEpochSecond(s.times()[i]));
            for (int v = 0; v < panel.measured().size(); v++) {
              double x = s.values()[v][i];
              to.write("," + (Double.isNaN(x) ? "" : Double.toString(x)));
            }
            to.write('\n');
            lines++;
          }
        }
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return lines;
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    } finally {
      temporary.toFile().delete();
    }
  }
}
