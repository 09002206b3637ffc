// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.gradus.tensor.Table;

/// An embedding table off the heap, in memory or in a file: float32 rows end to end, without padding, addressed by `long`.
///
/// Behind the last row lies one block of 16 numbers that belongs to no row, so that a row may be read in whole
/// vectors. Writes never leave their row.
final class CpuTable implements Table {
  /// The alignment of a cache line: rows of 16, 32, 64 … numbers never straddle one more than they must.
  private static final long ALIGNMENT = 64;

  /// Bytes of a mapped file that are brought in ahead of a reader of all rows.
  private static final long AHEAD = 1 << 20;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

  private final Arena arena;
  private final MemorySegment memory;
  private final int rows;
  private final int width;
  private final boolean mapped;

  /// A table in memory that `arena` owns, at least [#bytes] of it.
  private CpuTable(Arena arena, MemorySegment memory, int rows, int width, boolean mapped) {
    this.mapped = mapped;
    this.arena = arena;
    this.memory = memory;
    this.rows = rows;
    this.width = width;
  }

  /// A table of zeros.
  static CpuTable zeros(int rows, int width) {
    checkSizes(rows, width);
    Arena arena = Arena.ofShared();
    try {
      return new CpuTable(
          arena, HugePages.allocate(arena, bytes(rows, width), ALIGNMENT), rows, width, false);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new IllegalStateException(
          "table: no memory for "
              + rows
              + " rows of width "
              + width
              + ", "
              + (bytes(rows, width) >> 20)
              + " MiB outside the heap. Expected a machine with more memory, or fewer rows.",
          e);
    }
  }

  /// A table of zeros, mapped to a new file of a folder. The file is sparse: rows that were never written take no space.
  /// It loses its name at once and its space when the table is closed, or the process ends in whatever way.
  static CpuTable mapped(Path folder, int rows, int width) {
    checkSizes(rows, width);
    long bytes = bytes(rows, width);
    Arena arena = Arena.ofShared();
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve("." + ProcessHandle.current().pid() + "-" + UUID.randomUUID());
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.SPARSE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE)) {
        // The mapping outlives the channel, and keeps the file that no longer has a name.
        MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
        HugePages.random(memory);
        return new CpuTable(arena, memory, rows, width, true);
      }
    } catch (IOException e) {
      arena.close();
      throw new IllegalArgumentException(
          "table: no file of "
              + (bytes >> 20)
              + " MiB in "
              + folder
              + ": "
              + reason(e)
              + ". Expected a folder that may be written to, on a disk with room for the tables.",
          e);
    }
  }

  private static String reason(IOException cause) {
    if (cause instanceof FileAlreadyExistsException) {
      return "it is a file";
    }
    if (cause instanceof NoSuchFileException) {
      return "it is not there, and cannot be made";
    }
    if (cause instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (cause instanceof FileSystemException e && e.getReason() != null) {
      return e.getReason();
    }
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  private static void checkSizes(int rows, int width) {
    if (rows < 0 || width < 0) {
      throw new IllegalArgumentException(
          "table: " + rows + " rows of width " + width + ". Expected sizes of at least 0.");
    }
  }

  /// Size of the memory of a table, the block behind its last row included.
  static long bytes(int rows, int width) {
    return (long) rows * width * Float.BYTES + Lanes.LANES * Float.BYTES;
  }

  /// The table behind the interface; an error for the table of another device.
  static CpuTable of(Table table) {
    if (table instanceof CpuTable t) {
      return t;
    }
    throw new IllegalArgumentException(
        "table: "
            + table.getClass().getSimpleName()
            + ". Expected a table of the device whose kernel was called.");
  }

  /// The rows, end to end.
  MemorySegment memory() {
    return memory;
  }

  /// Where a row starts, in bytes.
  long offset(int row) {
    return (long) row * width * Float.BYTES;
  }

  /// The only number of a row of width 1.
  float get(int row) {
    return memory.get(FLOAT, offset(row));
  }

  /// Sets the only number of a row of width 1.
  void set(int row, float value) {
    memory.set(FLOAT, offset(row), value);
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public void write(int first, float[] values) {
    check("write", first, values.length);
    MemorySegment.copy(values, 0, memory, FLOAT, offset(first), values.length);
  }

  @Override
  public void read(int first, float[] values) {
    check("read", first, values.length);
    announce(first, values.length);
    MemorySegment.copy(memory, FLOAT, offset(first), values, 0, values.length);
  }

  @Override
  public void write(int first, double[] values) {
    check("write", first, values.length);
    long at = offset(first);
    for (int i = 0; i < values.length; i++) {
      memory.set(FLOAT, at + (long) i * Float.BYTES, (float) values[i]);
    }
  }

  @Override
  public void read(int first, double[] values) {
    check("read", first, values.length);
    announce(first, values.length);
    long at = offset(first);
    for (int i = 0; i < values.length; i++) {
      values[i] = memory.get(FLOAT, at + (long) i * Float.BYTES);
    }
  }

  /// Whoever reads some rows reads them all, and likely goes on behind them.
  private void announce(int first, int values) {
    if (mapped) {
      HugePages.willNeed(memory, offset(first), AHEAD + (long) values * Float.BYTES);
    }
  }

  private void check(String op, int first, int values) {
    boolean whole = width == 0 ? values == 0 : values % width == 0;
    if (!whole || first < 0 || first + (long) (width == 0 ? 0 : values / width) > rows) {
      throw new IllegalArgumentException(
          "table "
              + op
              + ": "
              + values
              + " values from row "
              + first
              + " of ["
              + rows
              + ", "
              + width
              + "]. Expected whole rows that the table has.");
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
