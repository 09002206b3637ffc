// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.function.BiFunction;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.HostArrays;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MemoryUse;
import org.gradus.tensor.Table;

/// A device with other kernels, some of them wrong on purpose, or with other tables.
///
/// @param tables makes a table from rows and width
record AlteredDevice(Device inner, Kernels kernels, BiFunction<Integer, Integer, Table> tables)
    implements Device {
  AlteredDevice(Device inner, Kernels kernels) {
    this(inner, kernels, inner::table);
  }

  @Override
  public String name() {
    return inner.name();
  }

  @Override
  public boolean float64() {
    return inner.float64();
  }

  @Override
  public Buffer allocate(Kind kind, int elements) {
    return inner.allocate(kind, elements);
  }

  @Override
  public void release(Buffer buffer) {
    inner.release(buffer);
  }

  @Override
  public MemoryUse memory() {
    return inner.memory();
  }

  @Override
  public HostArrays host() {
    return inner.host();
  }

  @Override
  public Table table(int rows, int width) {
    return tables.apply(rows, width);
  }

  @Override
  public void upload(Buffer to, float[] from) {
    inner.upload(to, from);
  }

  @Override
  public void upload(Buffer to, double[] from) {
    inner.upload(to, from);
  }

  @Override
  public void upload(Buffer to, int[] from) {
    inner.upload(to, from);
  }

  @Override
  public void upload(Buffer to, byte[] from) {
    inner.upload(to, from);
  }

  @Override
  public void download(float[] to, Buffer from) {
    inner.download(to, from);
  }

  @Override
  public void download(double[] to, Buffer from) {
    inner.download(to, from);
  }

  @Override
  public void download(int[] to, Buffer from) {
    inner.download(to, from);
  }

  @Override
  public void download(byte[] to, Buffer from) {
    inner.download(to, from);
  }

  @Override
  public void close() {
    inner.close();
  }
}
