// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The parser against one written with strings, as plainly as the format can be said.
class CriteoParserTest {
  private static final int ROWS = 3000; // some blocks

  @TempDir Path folder;

  /// A row as text, or null where the line is no row.
  private static @Nullable String plainly(String line) {
    String[] cells = line.split("\t", -1);
    if (cells.length != 40 || !cells[0].matches("[01]")) {
      return null;
    }
    StringBuilder row = new StringBuilder(cells[0]);
    for (int i = 1; i < 40; i++) {
      String cell = cells[i];
      if (cell.isEmpty()) {
        row.append(" -");
      } else if (i <= 13) {
        if (!cell.matches("-?[0-9]{1,10}") || Long.parseLong(cell) != (int) Long.parseLong(cell)) {
          return null;
        }
        if (Integer.parseInt(cell) < -2) {
          return null;
        }
        row.append(' ').append(Integer.parseInt(cell));
      } else if (cell.matches("[0-9a-fA-F]{1,8}")) {
        row.append(' ').append(Integer.parseUnsignedInt(cell, 16));
      } else {
        return null;
      }
    }
    return row.toString();
  }

  private static String text(CriteoRow r) {
    StringBuilder row = new StringBuilder().append(r.label);
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      row.append(' ').append(r.denseMissing[i] ? "-" : "" + r.dense[i]);
      assertThat(r.denseMissing[i] && r.dense[i] != 0).isFalse();
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      row.append(' ').append(r.sparseMissing[i] ? "-" : "" + r.sparse[i]);
      assertThat(r.sparseMissing[i] && r.sparse[i] != 0).isFalse();
    }
    return row.toString();
  }

  private static String number(Random random) {
    return switch (random.nextInt(40)) {
      case 0, 1, 2, 3 -> "";
      case 4 -> "-" + random.nextInt(3);
      case 5 -> "" + Integer.MAX_VALUE;
      case 6 -> "00000" + random.nextInt(10);
      default -> "" + random.nextInt(1 << random.nextInt(31));
    };
  }

  private static String token(Random random) {
    String eight = "%08x".formatted(random.nextInt());
    return switch (random.nextInt(40)) {
      case 0, 1, 2, 3 -> "";
      case 4 -> eight.toUpperCase(java.util.Locale.ROOT);
      case 5 -> eight.substring(random.nextInt(8));
      default -> eight;
    };
  }

  private static String line(Random random) {
    StringBuilder line = new StringBuilder().append(random.nextInt(2));
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      line.append('\t').append(number(random));
    }
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      line.append('\t').append(token(random));
    }
    return line.toString();
  }

  /// The same with a character put in, taken out or changed; never a line end.
  private static String damaged(String line, Random random) {
    String characters = "\t-+ 09aAfFgG/:@`x.\u00e9\u0011";
    char c = characters.charAt(random.nextInt(characters.length()));
    int at = random.nextInt(line.length());
    return switch (random.nextInt(3)) {
      case 0 -> line.substring(0, at) + c + line.substring(at);
      case 1 -> line.substring(0, at) + line.substring(at + 1);
      default -> line.substring(0, at) + c + line.substring(at + 1);
    };
  }

  private List<String> parsed(List<String> lines, String lineEnd, BadRows bad) throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("f"),
            String.join(lineEnd, lines) + lineEnd,
            StandardCharsets.ISO_8859_1);
    List<String> rows = new ArrayList<>();
    try (CriteoFile in = new CriteoFile(file, CriteoOptions.REFERENCE, bad, false)) {
      CriteoRow r = new CriteoRow();
      while (in.next(r)) {
        assertThat(r.number).isEqualTo(rows.size());
        rows.add(text(r));
      }
    }
    return rows;
  }

  /// Lines that end in `\r\n` are beyond the first reading, so both readings are seen here.
  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n"})
  void rowsAreWhatStringsWouldGive(String lineEnd) throws IOException {
    Random random = new Random(1);
    List<String> lines = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      String line = line(random);
      line = i % 4 == 3 ? damaged(line, random) : line;
      lines.add(line);
      String row = plainly(line);
      if (row != null) {
        expected.add(row);
      }
    }
    BadRows bad = new BadRows(BadRows.Policy.SKIP);
    assertThat(parsed(lines, lineEnd, bad)).isEqualTo(expected);
    assertThat(bad.skipped()).isEqualTo(ROWS - expected.size());
    assertThat(expected.size()).isBetween(3 * ROWS / 4, ROWS - 1); // some damage is harmless
  }

  @Test
  void theFirstMalformedRowIsNamedWhereverItStands() {
    Random random = new Random(2);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      lines.add(line(random));
    }
    lines.set(ROWS - 1, "last");
    fails(lines, ROWS, "1 columns. Expected 40");
    lines.set(2500, "2" + lines.get(2500).substring(1));
    fails(lines, 2501, "column label is \"2\"");
    lines.set(17, lines.get(17) + "z");
    fails(lines, 18, "column cat_25 is");
  }

  private void fails(List<String> lines, int line, String what) {
    assertThatThrownBy(() -> parsed(lines, "\n", new BadRows(BadRows.Policy.FAIL)))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("f:" + line + ": " + what);
  }

  /// Every byte at every place among digits, and every pair of bytes side by side.
  @Test
  void eightDigitsAreReadAtOnce() {
    byte[] digits = "09afAF5c".getBytes(StandardCharsets.US_ASCII);
    for (int place = 0; place < 8; place++) {
      for (int pair = 0; pair < 1 << 16; pair++) {
        byte[] bytes = digits.clone();
        bytes[place] = (byte) pair;
        bytes[(place + 1) % 8] = (byte) (pair >> 8);
        long eight = 0;
        long expected = 0;
        for (int i = 7; i >= 0; i--) {
          eight = eight << 8 | (bytes[i] & 0xFF);
        }
        for (int i = 0; i < 8 && expected >= 0; i++) {
          int digit = Character.digit(bytes[i], 16);
          expected = digit < 0 ? -1 : expected << 4 | digit;
        }
        if (CriteoParser.isHex(eight) != expected >= 0
            || (expected >= 0 && CriteoParser.hex(eight) != (int) expected)) {
          throw new AssertionError(
              "%016x: expected %x, got %x".formatted(eight, expected, CriteoParser.hex(eight)));
        }
      }
    }
  }
}
