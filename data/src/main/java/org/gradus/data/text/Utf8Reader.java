// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.gradus.data.DataException;

/// A file as text: plain or gzip, UTF-8 and nothing else. Bytes that are no UTF-8 are an error that names their line.
public final class Utf8Reader extends Reader {
  private final Path file;
  private final InputStream in;
  private final ByteBuffer bytes = ByteBuffer.allocate(1 << 16).limit(0);
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT);
  private long line = 1;
  private boolean ended;

  /// Opens a file.
  public Utf8Reader(Path file) {
    this.file = file;
    this.in = RawFile.open(file);
  }

  @Override
  public int read(char[] to, int offset, int length) {
    if (length == 0) {
      return 0;
    }
    CharBuffer chars = CharBuffer.wrap(to, offset, length).slice(); // its positions count from 0
    while (chars.position() == 0) {
      CoderResult result = decoder.decode(bytes, chars, ended);
      for (int i = 0; i < chars.position(); i++) {
        line += to[offset + i] == '\n' ? 1 : 0;
      }
      if (result.isError()) {
        if (chars.position() > 0) {
          break; // what came before; the error follows at the next call
        }
        throw DataException.row(
            file,
            line,
            "byte 0x%02x here. ".formatted(bytes.get(bytes.position()) & 0xFF)
                + Lines.notText(StandardCharsets.UTF_8));
      }
      if (chars.position() == 0) {
        if (ended) {
          return -1;
        }
        fill();
      }
    }
    return chars.position();
  }

  private void fill() {
    try {
      bytes.compact();
      int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
      ended = read < 0;
      bytes.position(bytes.position() + Math.max(read, 0)).flip();
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
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
