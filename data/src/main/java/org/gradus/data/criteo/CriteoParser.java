// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.gradus.data.criteo.CriteoBlock.Malformed;
import org.gradus.data.text.LineBlock;

/// Lines to rows: label, 13 integers, 26 tokens in base 16, separated by tabs; empty means missing.
///
/// A line is read twice at most. The first reading knows rows as they almost always are and makes no objects; it gives up at
/// whatever it does not know. The second reading knows the whole format and says what is wrong with a line that is no
/// row. Where both accept a line they give the same row, so the first one only saves time.
final class CriteoParser {
  /// Columns of a row with its label.
  static final int COLUMNS = 1 + CriteoRow.DENSE + CriteoRow.SPARSE;

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int DIGITS = 9; // of a whole number that cannot overflow
  private static final long ONES = 0x0101010101010101L;

  private final CriteoOptions options;
  private final DenseTransform transform;
  private final int first;

  /// A parser of lines with a label, or without one.
  CriteoParser(CriteoOptions options, boolean labelled) {
    this.options = options;
    this.transform = options.transform();
    this.first = labelled ? 1 : 0;
  }

  /// Number of columns of the first line.
  static int columns(LineBlock text) {
    int columns = 1;
    for (int i = 0; text.bytes()[i] != '\n'; i++) {
      columns += text.bytes()[i] == '\t' ? 1 : 0;
    }
    return columns;
  }

  /// Parses the lines of a block into its rows.
  void parse(CriteoBlock block) {
    int end = block.text.length();
    int at = 0;
    while (at < end) {
      block.reserve();
      int next = usual(block, at);
      at = next > 0 ? next : any(block, at);
      block.lines++;
    }
  }

  /// Reads a line as rows usually are, and returns where the next one starts, or 0.
  private int usual(CriteoBlock block, int from) {
    byte[] bytes = block.text.bytes();
    int at = from;
    int label = -1;
    if (first == 1) {
      label = bytes[at] - '0';
      if ((label & ~1) != 0 || bytes[at + 1] != '\t') {
        return 0;
      }
      at += 2;
    }
    block.labels[block.rows] = (byte) label;
    block.missing[block.rows] = 0;
    at = usualIntegers(block, bytes, at);
    at = at == 0 ? 0 : usualTokens(block, bytes, at);
    block.rows += at == 0 ? 0 : 1;
    return at;
  }

  private int usualIntegers(CriteoBlock block, byte[] bytes, int from) {
    int[] dense = block.dense;
    int to = block.rows * CriteoRow.DENSE;
    int at = from;
    long missing = 0;
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      boolean negative = bytes[at] == '-';
      int start = negative ? at + 1 : at;
      int value = 0;
      at = start;
      for (int digit; (digit = bytes[at] - '0') >= 0 && digit <= 9; at++) {
        value = 10 * value + digit;
      }
      boolean empty = at == start;
      if (bytes[at] != '\t' || at - start > DIGITS || (empty && negative)) {
        return 0;
      }
      value = negative ? -value : value;
      if (!empty && !transform.accepts(value)) {
        return 0;
      }
      missing |= empty ? 1L << i : 0;
      dense[to + i] = value;
      at++;
    }
    block.missing[block.rows] = missing;
    return at;
  }

  private static int usualTokens(CriteoBlock block, byte[] bytes, int from) {
    int[] sparse = block.sparse;
    int to = block.rows * CriteoRow.SPARSE;
    int at = from;
    long missing = 0;
    for (int i = 0; i < CriteoRow.SPARSE; i++) {
      int stop = i < CriteoRow.SPARSE - 1 ? '\t' : '\n';
      int token = 0;
      if (bytes[at] == stop) {
        missing |= 1L << i;
      } else {
        long eight = (long) EIGHT.get(bytes, at);
        if (!isHex(eight) || bytes[at + 8] != stop) {
          return 0;
        }
        token = hex(eight);
        at += 8;
      }
      sparse[to + i] = token;
      at++;
    }
    block.missing[block.rows] |= missing << CriteoBlock.FIRST_SPARSE_BIT;
    return at;
  }

  /// Whether eight bytes are digits of base 16, told by the halves of each byte: 3 and 0 … 9, or 4 or 6 and 1 … 6.
  static boolean isHex(long eight) {
    long letter = eight >>> 6 & ONES;
    // High half 3 for digits, 4 or 6 for letters: bits 7, 6, 4 as they must be, and bit 5 of
    // digits.
    boolean high =
        (eight & 0xD0D0D0D0D0D0D0D0L) == 0x10 * ONES + 0x30 * letter
            && ((eight | letter << 5) & 0x20 * ONES) == 0x20 * ONES;
    long digit = nibbles(eight); // 0 … 24 in each byte, 16 and more for what is no digit
    return high && (digit & 0x10 * ONES) == 0 && (digit + 6 * ONES & 0x10 * ONES) == letter << 4;
  }

  /// The number that eight digits of base 16 write, the first byte being the lowest of `eight`.
  static int hex(long eight) {
    long pairs = Long.reverseBytes(nibbles(eight));
    pairs = (pairs | pairs >>> 4) & 0x00FF00FF00FF00FFL;
    pairs = (pairs | pairs >>> 8) & 0x0000FFFF0000FFFFL;
    return (int) (pairs | pairs >>> 16);
  }

  /// Byte by byte, the lower half, plus 9 for letters.
  private static long nibbles(long eight) {
    return (eight & 0x0F * ONES) + 9 * (eight >>> 6 & ONES);
  }

  /// Reads any line: a row is added, anything else noted. Returns where the next line starts.
  private int any(CriteoBlock block, int from) {
    Line line = new Line(block, from);
    try {
      line.read();
      block.rows++;
    } catch (NoRow e) {
      block.malformed.add(e.malformed);
    }
    return line.next;
  }

  /// Why a line is no row.
  private static final class NoRow extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Malformed malformed;

    NoRow(Malformed malformed) {
      super(malformed.rule(), null, false, false);
      this.malformed = malformed;
    }
  }

  /// A line cut into columns.
  private final class Line {
    private final CriteoBlock block;
    private final byte[] bytes;
    private final int next;
    private int[] starts =
        new int[COLUMNS + 1]; // column c lies from starts[c] to starts[c + 1] - 1
    private int columns;

    Line(CriteoBlock block, int from) {
      this.block = block;
      this.bytes = block.text.bytes();
      int at = from;
      starts[0] = from;
      while (bytes[at] != '\n') {
        if (bytes[at++] == '\t') {
          startColumn(at);
        }
      }
      next = at + 1;
      startColumn(at > from && bytes[at - 1] == '\r' ? at : next);
    }

    private void startColumn(int at) {
      if (++columns == starts.length) {
        starts = Arrays.copyOf(starts, 2 * columns);
      }
      starts[columns] = at;
    }

    private int end(int column) {
      return starts[column + 1] - 1;
    }

    private boolean empty(int column) {
      return starts[column] == end(column);
    }

    void read() throws NoRow {
      int expected = COLUMNS - 1 + first;
      boolean padded = columns < expected && columns >= 14 && options.padShortRows();
      if (columns != expected && !padded) {
        throw new NoRow(new Malformed(block.lines, "", "", wrongColumns(expected)));
      }
      int row = block.rows;
      block.labels[row] = (byte) (first == 1 ? label() : -1);
      long missing = 0;
      for (int i = 0; i < CriteoRow.DENSE; i++) {
        int c = first + i;
        boolean absent = c >= columns || empty(c);
        missing |= absent ? 1L << i : 0;
        block.dense[row * CriteoRow.DENSE + i] = absent ? 0 : integer(c, i);
      }
      for (int i = 0; i < CriteoRow.SPARSE; i++) {
        int c = first + CriteoRow.DENSE + i;
        boolean absent = c >= columns || empty(c);
        missing |= absent ? 1L << (CriteoBlock.FIRST_SPARSE_BIT + i) : 0;
        block.sparse[row * CriteoRow.SPARSE + i] = absent ? 0 : token(c, i);
      }
      block.missing[row] = missing;
    }

    private String wrongColumns(int expected) {
      String what = columns + " columns. Expected " + expected + ", separated by tabs.";
      return columns < expected && columns >= 14
          ? what + " If trailing empty columns were stripped, set padShortRows=true."
          : what;
    }

    private int label() throws NoRow {
      int at = starts[0];
      if (end(0) - at == 1 && (bytes[at] == '0' || bytes[at] == '1')) {
        return bytes[at] - '0';
      }
      throw bad(0, CriteoEncoder.LABEL, "Expected 0 or 1.");
    }

    private int integer(int column, int i) throws NoRow {
      int from = starts[column];
      int to = end(column);
      boolean negative = bytes[from] == '-';
      int at = negative ? from + 1 : from;
      long value = at < to && to - at <= 10 ? 0 : Long.MAX_VALUE;
      for (; at < to && value != Long.MAX_VALUE; at++) {
        int digit = bytes[at] - '0';
        value = digit < 0 || digit > 9 ? Long.MAX_VALUE : 10 * value + digit;
      }
      value = negative ? -value : value;
      String name = CriteoRow.denseName(i);
      if (value != (int) value) {
        throw bad(column, name, "Expected a whole number of 32 bits, or nothing.");
      }
      if (!transform.accepts((int) value)) {
        throw bad(column, name, transform.rule());
      }
      return (int) value;
    }

    private int token(int column, int i) throws NoRow {
      int from = starts[column];
      int to = end(column);
      int value = 0;
      boolean good = to - from <= 8;
      for (int at = from; at < to && good; at++) {
        int digit = Character.digit(bytes[at], 16);
        good = digit >= 0;
        value = value << 4 | digit;
      }
      if (!good) {
        throw bad(
            column, CriteoRow.sparseName(i), "Expected up to 8 digits of base 16, or nothing.");
      }
      return value;
    }

    private NoRow bad(int column, String name, String rule) {
      String value =
          new String(
              bytes, starts[column], end(column) - starts[column], StandardCharsets.ISO_8859_1);
      for (int i = starts[column]; i < end(column); i++) {
        if (bytes[i] < 0) {
          rule = "Byte 0x%02x is not text of this format. ".formatted(bytes[i] & 0xFF) + rule;
          break;
        }
      }
      return new NoRow(new Malformed(block.lines, name, value, rule));
    }
  }
}
