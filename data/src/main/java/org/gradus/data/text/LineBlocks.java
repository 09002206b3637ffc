// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import org.gradus.data.DataException;

/// A raw file, plain or gzip, cut at line ends into blocks of about 256 KiB: small enough for the caches of a processor, large
/// enough to be handed to another thread.
public final class LineBlocks implements AutoCloseable {
  static final int SIZE = 1 << 18;
  private static final int LONGEST = 1 << 26;

  private final Path file;
  private final InputStream in;
  private byte[] rest = new byte[0]; // the start of the next block's first line
  private int restLength;
  private long delivered; // bytes of the blocks so far
  private boolean ended;

  /// Opens a file.
  public LineBlocks(Path file) {
    this.file = file;
    this.in = RawFile.open(file);
  }

  /// Fills a block with the next lines; false at the end.
  public boolean read(LineBlock block) {
    reserve(block, restLength);
    System.arraycopy(rest, 0, block.bytes, 0, restLength);
    int have = restLength;
    int lineEnd = 0;
    while (!ended && lineEnd == 0) {
      reserve(block, have);
      int room = block.bytes.length - LineBlock.SLACK - have;
      int read = fill(block.bytes, have, room);
      ended = read < room;
      lineEnd = afterLastLineEnd(block.bytes, have, have + read);
      have += read;
      if (lineEnd == 0 && have > LONGEST) {
        throw DataException.row(
            file,
            linesDelivered() + 1,
            "the line is longer than " + LONGEST + " bytes. Is this a text file?");
      }
    }
    if (ended && have > lineEnd) {
      block.bytes[have++] = '\n'; // there is slack
      lineEnd = have;
    }
    restLength = have - lineEnd;
    if (rest.length < restLength) {
      rest = new byte[restLength];
    }
    System.arraycopy(block.bytes, lineEnd, rest, 0, restLength);
    block.length = lineEnd;
    delivered += lineEnd;
    return lineEnd > 0;
  }

  /// Makes room behind what a block has.
  private static void reserve(LineBlock block, int have) {
    int full = block.bytes.length - LineBlock.SLACK;
    if (have >= full) {
      block.bytes = Arrays.copyOf(block.bytes, 2 * Math.max(full, have) + LineBlock.SLACK);
    }
  }

  private int fill(byte[] bytes, int at, int room) {
    try {
      return in.readNBytes(bytes, at, room);
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  /// The place after the last `\n`, or 0 when there is none.
  private static int afterLastLineEnd(byte[] bytes, int from, int to) {
    for (int i = to - 1; i >= from; i--) {
      if (bytes[i] == '\n') {
        return i + 1;
      }
    }
    return 0;
  }

  /// Counts the lines of the blocks so far, for a message: they are not counted on the way.
  private long linesDelivered() {
    long lines = 0;
    byte[] some = new byte[1 << 16];
    try (InputStream again = RawFile.open(file)) {
      long left = delivered;
      while (left > 0) {
        int read = again.readNBytes(some, 0, (int) Math.min(some.length, left));
        if (read == 0) {
          break;
        }
        for (int i = 0; i < read; i++) {
          lines += some[i] == '\n' ? 1 : 0;
        }
        left -= read;
      }
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
    return lines;
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
