// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.gradus.data.DataException;
import org.gradus.data.Examples;
import org.gradus.embeddings.Schema;

/// The rows of a prepared file, mapped into memory. The heap holds 16 bytes per 1024 rows, whatever the file's size.
///
/// Every checksum is verified when the file is opened, at the speed of the disk: damage is found before training
/// begins, not in the middle of it.
public final class PreparedFile implements Examples, AutoCloseable {
  private final Path file;
  private final boolean deleteOnClose;
  private final Arena arena = Arena.ofShared();
  private final RowLayout layout;
  private final MemorySegment data;
  private final long rows;
  private final long[] blockStarts;
  private final int[] blockCrcs;

  private PreparedFile(Path file, boolean deleteOnClose) {
    this.file = file;
    this.deleteOnClose = deleteOnClose;
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(file, options(deleteOnClose))) {
      ByteBuffer footer = footer(channel);
      rows = footer.getLong();
      byte[] schema = new byte[footer.getInt()];
      footer.get(schema);
      layout = new RowLayout(SchemaText.read(new String(schema, StandardCharsets.UTF_8)));
      int blocks = footer.remaining() / 16;
      blockStarts = new long[blocks];
      blockCrcs = new int[blocks];
      data = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      ByteBuffer block = ByteBuffer.allocateDirect(0);
      for (int b = 0; b < blocks; b++) {
        blockStarts[b] = footer.getLong();
        int length = footer.getInt();
        blockCrcs[b] = footer.getInt();
        if (block.capacity() < length) {
          block = ByteBuffer.allocateDirect(length);
        }
        // Read, not mapped: pages that only the check looks at are not counted as the process's.
        read(channel, blockStarts[b], block.clear().limit(length));
        if (PreparedFormat.crc(block) != blockCrcs[b]) {
          throw damaged(
              "the rows from "
                  + (long) b * PreparedFormat.BLOCK_ROWS
                  + " on (bytes "
                  + blockStarts[b]
                  + " to "
                  + (blockStarts[b] + length)
                  + ") do not match their checksum");
        }
      }
      opened = true;
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /// Opens a file and verifies it.
  public static PreparedFile open(Path file) {
    return new PreparedFile(file, false);
  }

  /// When the file was written.
  public Instant written() {
    try {
      return Files.getLastModifiedTime(file).toInstant();
    } catch (IOException e) {
      throw DataException.io("reading", file, e);
    }
  }

  /// The folder that the file lies in.
  public Path folder() {
    return requireNonNull(file.toAbsolutePath().getParent());
  }

  private static Set<StandardOpenOption> options(boolean temporary) {
    return temporary
        ? EnumSet.of(StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE)
        : EnumSet.of(StandardOpenOption.READ);
  }

  /// Opens a file that is deleted: at once where the system lets a mapped file lose its name, so that a process that is ended leaves
  /// nothing behind, and otherwise when it is closed.
  public static PreparedFile openTemporary(Path file) {
    return new PreparedFile(file, true);
  }

  private ByteBuffer footer(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < PreparedFormat.PRELUDE) {
      throw damaged("it has " + size + " bytes, fewer than its head needs");
    }
    ByteBuffer prelude = read(channel, 0, PreparedFormat.PRELUDE);
    if (prelude.order(ByteOrder.BIG_ENDIAN).getLong() != PreparedFormat.MAGIC) {
      throw new DataException(
          "prepared file " + file + ": not a prepared file (its first bytes are not GRADUSPF).");
    }
    prelude.order(ByteOrder.LITTLE_ENDIAN);
    int version = prelude.getInt();
    if (version != PreparedFormat.VERSION) {
      throw new DataException(
          "prepared file "
              + file
              + ": version "
              + version
              + ". This build reads version "
              + PreparedFormat.VERSION
              + ". Delete it and prepare the data again.");
    }
    prelude.getInt();
    long at = prelude.getLong();
    long length = prelude.getLong();
    int crc = prelude.getInt();
    if (prelude.getInt() != PreparedFormat.crc(prelude.duplicate().position(0).limit(36))) {
      throw damaged("bytes 0 to 36 do not match their checksum");
    }
    if (size != at + length) {
      throw damaged(
          (size < at + length ? "it is truncated: " : "something was appended: ")
              + size
              + " bytes, expected "
              + (at + length));
    }
    ByteBuffer footer = read(channel, at, (int) length);
    if (PreparedFormat.crc(footer.duplicate()) != crc) {
      throw damaged("bytes " + at + " to " + (at + length) + " do not match their checksum");
    }
    return footer;
  }

  private ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
    return read(channel, at, ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN));
  }

  private ByteBuffer read(FileChannel channel, long at, ByteBuffer b) throws IOException {
    while (b.hasRemaining()) {
      if (channel.read(b, at + b.position()) < 0) {
        throw damaged("it ends at byte " + (at + b.position()));
      }
    }
    return b.flip();
  }

  private DataException damaged(String how) {
    return new DataException(
        "prepared file "
            + file
            + " is damaged: "
            + how
            + ". Delete it (or the folder it lies in) and prepare the data again.");
  }

  @Override
  public Schema schema() {
    return layout.schema;
  }

  @Override
  public long rows() {
    return rows;
  }

  @Override
  public Stream stream(Pass pass) {
    return new Prefetch(new RowStream(this, null, pass));
  }

  @Override
  public Examples only(long[] chosen) {
    for (long row : chosen) {
      if (row < 0 || row >= rows) {
        throw new IllegalArgumentException(
            "prepared file " + file + ": row " + row + ". Expected 0 to " + (rows - 1) + ".");
      }
    }
    return new SomeRows(this, chosen.clone());
  }

  /// Some rows of a file, which stays open for them.
  private record SomeRows(PreparedFile file, long[] chosen) implements Examples {
    @Override
    public Schema schema() {
      return file.schema();
    }

    @Override
    public long rows() {
      return chosen.length;
    }

    @Override
    public Stream stream(Pass pass) {
      return new Prefetch(new RowStream(file, chosen, pass));
    }

    @Override
    public Examples only(long[] places) {
      return file.only(Arrays.stream(places).map(p -> chosen[Math.toIntExact(p)]).toArray());
    }
  }

  /// A pass in the thread that asks for batches, without a thread of its own.
  public Stream streamWithoutPrefetch(Pass pass) {
    return new RowStream(this, null, pass);
  }

  /// The checksums of the blocks, in order: equal rows have equal checksums.
  public int[] checksums() {
    return blockCrcs.clone();
  }

  RowLayout layout() {
    return layout;
  }

  MemorySegment data() {
    return data;
  }

  /// Where a row's bytes start.
  long rowAt(long row) {
    int block = (int) (row >>> PreparedFormat.BLOCK_SHIFT);
    return blockStarts[block] + (row & (PreparedFormat.BLOCK_ROWS - 1)) * layout.bytes;
  }

  /// Where the lists of a row's block start.
  long listsAt(long row) {
    long first = row & -PreparedFormat.BLOCK_ROWS;
    long inBlock = Math.min(PreparedFormat.BLOCK_ROWS, rows - first);
    return blockStarts[(int) (row >>> PreparedFormat.BLOCK_SHIFT)] + inBlock * layout.bytes;
  }

  /// Gives the memory back. Passes must be closed before.
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
    if (deleteOnClose) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw DataException.io("deleting", file, e);
      }
    }
  }
}
