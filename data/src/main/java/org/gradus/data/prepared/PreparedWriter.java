// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.gradus.data.DataException;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;

/// Writes rows of a schema into a prepared file, block by block: memory does not grow with the file.
///
/// The file appears under its name in [#finish] only, complete and synced; until then it has a temporary name. A
/// writer that is closed without having finished leaves nothing.
public final class PreparedWriter implements AutoCloseable {
  private final Path file;
  private final Path temporary;
  private final RowLayout layout;
  private final FileChannel channel;
  private final ByteBuffer fixed;
  private final IntArrayList lists = new IntArrayList();
  private final LongArrayList starts = new LongArrayList();
  private final IntArrayList lengths = new IntArrayList();
  private final IntArrayList crcs = new IntArrayList();
  private ByteBuffer block = ByteBuffer.allocate(0);
  private RowLayout checked; // of the last block that was found to have this schema
  private int inBlock;
  private long rows;
  private long at = PreparedFormat.PRELUDE;

  /// Starts a file of rows of a schema.
  public PreparedWriter(Path file, Schema schema) {
    this.file = file;
    this.layout = new RowLayout(schema);
    this.checked = layout;
    this.fixed = buffer(PreparedFormat.BLOCK_ROWS * layout.bytes);
    this.temporary = file.resolveSibling("." + file.getFileName() + ".writing");
    try {
      this.channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      channel.position(at);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    }
  }

  /// Adds a row. Ids must lie below the sizes of their fields, and features must be finite.
  public void append(Row row) {
    int from = inBlock * layout.bytes;
    for (int i = 0; i < row.integers.length; i++) {
      fixed.putLong(from + 8 * i, row.integers[i]);
    }
    for (int i = 0; i < row.dense.length; i++) {
      if (!Float.isFinite(row.dense[i])) {
        throw bad(layout.schema.dense().get(i), row.dense[i] + ". Expected a finite number");
      }
      fixed.putFloat(from + layout.denseAt + 4 * i, row.dense[i]);
    }
    for (int i = 0; i < row.reals.length; i++) {
      fixed.putFloat(from + layout.realsAt + 4 * i, row.reals[i]);
    }
    for (int f = 0; f < row.ids.length; f++) {
      appendIds(from, f, row);
    }
    rows++;
    if (++inBlock == PreparedFormat.BLOCK_ROWS) {
      flush();
    }
  }

  /// Adds the rows `from` (inclusive) to `to` (exclusive) of a block, whose schema must be the writer's.
  public void append(RowBlock block, int from, int to) {
    if (block.layout != checked) {
      if (!block.layout.schema.equals(layout.schema)) {
        throw new IllegalArgumentException(
            "prepared file " + file + ": a block of rows of another schema. Expected the file's.");
      }
      checked = block.layout;
    }
    int bytes = layout.bytes;
    int next = from;
    while (next < to) {
      int n = Math.min(to - next, PreparedFormat.BLOCK_ROWS - inBlock);
      fixed.put(inBlock * bytes, block.bytes, next * bytes, n * bytes);
      next += n;
      rows += n;
      inBlock += n;
      if (inBlock == PreparedFormat.BLOCK_ROWS) {
        flush();
      }
    }
  }

  private void appendIds(int from, int f, Row row) {
    IntArrayList ids = row.ids[f];
    Field.Ids field = layout.ids.get(f);
    for (int i = 0; i < ids.size(); i++) {
      int id = ids.getInt(i);
      if (id < 0 || id >= field.size()) {
        throw bad(field, "id " + id + ". Expected 0 to " + (field.size() - 1));
      }
    }
    int place = from + layout.idsAt[f];
    if (layout.oneHot[f]) {
      if (ids.size() != 1) {
        throw bad(field, ids.size() + " ids. Expected exactly one");
      }
      fixed.putInt(place, ids.getInt(0));
      return;
    }
    fixed.putInt(place, lists.size()).putInt(place + 4, ids.size());
    lists.addAll(ids);
    if (layout.sessionsAt[f] >= 0) {
      place = from + layout.sessionsAt[f];
      fixed.putInt(place, lists.size()).putInt(place + 4, row.sessions[f].size());
      lists.addAll(row.sessions[f]);
    }
  }

  private DataException bad(Field field, String what) {
    return new DataException(
        "prepared file " + file + ": row " + rows + ", field " + field.name() + ": " + what + ".");
  }

  /// Number of rows so far.
  public long rows() {
    return rows;
  }

  /// Completes, syncs and names the file.
  public void finish() {
    if (inBlock > 0) {
      flush();
    }
    byte[] schema = SchemaText.write(layout.schema).getBytes(StandardCharsets.UTF_8);
    ByteBuffer footer =
        buffer(Math.addExact(12 + schema.length, Math.multiplyExact(16, crcs.size())));
    footer.putLong(rows).putInt(schema.length).put(schema);
    for (int b = 0; b < crcs.size(); b++) {
      footer.putLong(starts.getLong(b)).putInt(lengths.getInt(b)).putInt(crcs.getInt(b));
    }
    footer.flip();
    int length = footer.limit();
    int crc = PreparedFormat.crc(footer.duplicate());
    try {
      write(footer);
      channel.position(0);
      write(PreparedFormat.prelude(at, length, crc));
      channel.force(true);
      channel.close();
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    }
  }

  private void flush() {
    int rowBytes = inBlock * layout.bytes;
    ByteBuffer whole = lists.isEmpty() ? fixed.slice(0, rowBytes) : withLists(rowBytes);
    int bytes = whole.remaining();
    starts.add(at);
    lengths.add(bytes);
    crcs.add(PreparedFormat.crc(whole.duplicate()));
    try {
      write(whole);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    }
    at += bytes;
    inBlock = 0;
    lists.clear();
  }

  /// The rows, and behind them their lists.
  private ByteBuffer withLists(int rowBytes) {
    int bytes = Math.addExact(rowBytes, Math.multiplyExact(4, lists.size())) + 7 & -8;
    if (block.capacity() < bytes) {
      block = buffer(Math.max(bytes, 2 * block.capacity()));
    }
    block.clear();
    block.put(0, fixed, 0, rowBytes);
    block.position(rowBytes);
    for (int i = 0; i < lists.size(); i++) {
      block.putInt(lists.getInt(i));
    }
    while (block.position() < bytes) {
      block.put((byte) 0);
    }
    return block.flip();
  }

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Removes the temporary file unless it was finished.
  @Override
  public void close() {
    try {
      channel.close();
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      throw DataException.io("writing", file, e);
    }
  }
}
