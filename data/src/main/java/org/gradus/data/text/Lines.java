// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.gradus.data.DataException;

/// The lines of a file as bytes, cut into columns, without making objects. Line ends are `\n` or `\r\n`; an empty line
/// at the very end does not count.
public final class Lines implements AutoCloseable {
  private static final int LONGEST = 1 << 26;

  private final Path file;
  private final byte[] separator;
  private final InputStream in;
  private byte[] buffer = new byte[1 << 16];
  private int position;
  private int limit;
  private boolean ended;
  private long number;
  private int[] starts = new int[64];
  private int[] ends = new int[64];
  private int columns;

  /// Opens a file, plain or gzip.
  ///
  /// @param separator what stands between columns, in ASCII
  public Lines(Path file, String separator) {
    this.file = file;
    this.separator = separator.getBytes(StandardCharsets.US_ASCII);
    this.in = RawFile.open(file);
  }

  /// Goes to the next line; false at the end.
  public boolean next() {
    int from = position;
    int at = position;
    while (true) {
      while (at < limit && buffer[at] != '\n') {
        at++;
      }
      if (at < limit || ended) {
        break;
      }
      int scanned = at - from;
      refill(from);
      from = position;
      at = from + scanned;
    }
    if (at == limit && from == limit) {
      return false;
    }
    position = Math.min(at + 1, limit);
    number++;
    split(from, at > from && buffer[at - 1] == '\r' ? at - 1 : at);
    return true;
  }

  /// Moves what is kept to the front and reads more behind it.
  private void refill(int keepFrom) {
    int kept = limit - keepFrom;
    if (kept > LONGEST) {
      throw DataException.row(
          file, number + 1, "the line is longer than " + LONGEST + " bytes. Is this a text file?");
    }
    byte[] to = kept > buffer.length / 2 ? new byte[2 * buffer.length] : buffer;
    System.arraycopy(buffer, keepFrom, to, 0, kept);
    buffer = to;
    position = 0;
    limit = kept;
    try {
      int read = in.read(buffer, limit, buffer.length - limit);
      if (read < 0) {
        ended = true;
      } else {
        limit += read;
      }
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  private void split(int from, int to) {
    columns = 0;
    int start = from;
    int at = from;
    while (at < to) {
      if (buffer[at] == separator[0] && separated(at, to)) {
        column(start, at);
        at += separator.length;
        start = at;
      } else {
        at++;
      }
    }
    column(start, to);
  }

  private boolean separated(int at, int to) {
    if (at + separator.length > to) {
      return false;
    }
    for (int i = 1; i < separator.length; i++) {
      if (buffer[at + i] != separator[i]) {
        return false;
      }
    }
    return true;
  }

  private void column(int from, int to) {
    if (columns == starts.length) {
      starts = Arrays.copyOf(starts, 2 * columns);
      ends = Arrays.copyOf(ends, 2 * columns);
    }
    starts[columns] = from;
    ends[columns++] = to;
  }

  /// The file.
  public Path file() {
    return file;
  }

  /// Number of the line, from 1.
  public long number() {
    return number;
  }

  /// Number of columns of the line: one more than its separators.
  public int columns() {
    return columns;
  }

  /// The bytes that hold the line: those of a column lie from [#start] to [#end].
  public byte[] bytes() {
    return buffer;
  }

  /// Where a column starts in [#bytes].
  public int start(int column) {
    return starts[column];
  }

  /// Where a column ends in [#bytes].
  public int end(int column) {
    return ends[column];
  }

  /// A column as text.
  ///
  /// @param name the column's name, for the message when its bytes are no text
  public String text(int column, String name, Charset charset) {
    CharsetDecoder decoder =
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    int length = ends[column] - starts[column];
    try {
      return decoder.decode(ByteBuffer.wrap(buffer, starts[column], length)).toString();
    } catch (CharacterCodingException e) {
      throw DataException.value(file, number, name, raw(column), notText(charset));
    }
  }

  /// A column for a message, whatever its bytes are: one character per byte.
  public String raw(int column) {
    return new String(
        buffer, starts[column], ends[column] - starts[column], StandardCharsets.ISO_8859_1);
  }

  static String notText(Charset charset) {
    return "Its bytes are not "
        + charset.name()
        + ". Expected text in "
        + charset.name()
        + ": convert the file (iconv).";
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw DataException.io("closing", file, e);
    }
  }
}
