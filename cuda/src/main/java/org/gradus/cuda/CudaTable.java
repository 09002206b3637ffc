// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.lang.foreign.MemorySegment;
import org.gradus.tensor.Table;

/// An embedding table on the GPU: float32 rows end to end, addressed by `long`.
final class CudaTable implements Table {
  private final CudaDevice device;
  private final GpuMemory memory;
  private final int rows;
  private final int width;
  private boolean closed;

  /// A table of zeros.
  CudaTable(CudaDevice device, int rows, int width) {
    if (rows < 0 || width < 0) {
      throw new IllegalArgumentException(
          "table: " + rows + " rows of width " + width + ". Expected sizes of at least 0.");
    }
    this.device = device;
    this.rows = rows;
    this.width = width;
    memory = device.memory((long) rows * width * Float.BYTES);
    memory.fill(0);
  }

  static CudaTable of(Table table) {
    if (table instanceof CudaTable t) {
      return t;
    }
    throw new IllegalArgumentException(
        "table: "
            + table.getClass().getSimpleName()
            + ". Expected a table of the device whose kernel was called.");
  }

  GpuMemory memory() {
    return memory;
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
    device
        .staging()
        .upload(memory, at("write", first, values.length), MemorySegment.ofArray(values));
  }

  @Override
  public void read(int first, float[] values) {
    device
        .staging()
        .download(MemorySegment.ofArray(values), memory, at("read", first, values.length));
  }

  @Override
  public void write(int first, double[] values) {
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    write(first, rounded);
  }

  @Override
  public void read(int first, double[] values) {
    float[] read = new float[values.length];
    read(first, read);
    for (int i = 0; i < values.length; i++) {
      values[i] = read[i];
    }
  }

  /// Where a row starts, in bytes, after a check of the rows.
  private long at(String op, int first, int values) {
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
    return (long) first * width * Float.BYTES;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.free(memory);
    }
  }
}
