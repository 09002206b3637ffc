// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.HostArrays;
import org.gradus.tensor.Kernels;
import org.gradus.tensor.Kind;
import org.gradus.tensor.MemoryUse;
import org.gradus.tensor.Table;

/// A device that counts and times what some of its kernels do; the results are those of the device inside.
///
/// Times are those that the host waited. Where kernels return before they are done, they say nothing.
public final class MeteredDevice implements Device {
  private final Device inside;
  private final Meter meter = new Meter();
  private final Kernels kernels;

  /// Meters a device, and closes it with itself.
  public MeteredDevice(Device inside) {
    this.inside = inside;
    Kernels k = inside.kernels();
    this.kernels =
        new Kernels(
            k.elementwise(),
            k.layout(),
            k.reduce(),
            new MeteredMatMul(k.matMul(), meter),
            k.softmax(),
            k.norm(),
            new MeteredGather(k.gather(), meter),
            new MeteredJagged(k.jagged(), meter),
            k.sort(),
            new MeteredInteraction(k.interaction(), meter),
            new MeteredRecurrent(k.recurrent(), meter),
            k.loss(),
            k.random(),
            new MeteredUpdate(k.update(), meter));
  }

  /// What its kernels did.
  public Meter meter() {
    return meter;
  }

  @Override
  public String name() {
    return inside.name();
  }

  @Override
  public String description() {
    return inside.description();
  }

  @Override
  public Kernels kernels() {
    return kernels;
  }

  @Override
  public boolean float64() {
    return inside.float64();
  }

  @Override
  public Buffer allocate(Kind kind, int elements) {
    return inside.allocate(kind, elements);
  }

  @Override
  public void release(Buffer buffer) {
    inside.release(buffer);
  }

  @Override
  public MemoryUse memory() {
    return inside.memory();
  }

  @Override
  public HostArrays host() {
    return inside.host();
  }

  @Override
  public Table table(int rows, int width) {
    return inside.table(rows, width);
  }

  @Override
  public void upload(Buffer to, float[] from) {
    inside.upload(to, from);
  }

  @Override
  public void upload(Buffer to, double[] from) {
    inside.upload(to, from);
  }

  @Override
  public void upload(Buffer to, int[] from) {
    inside.upload(to, from);
  }

  @Override
  public void upload(Buffer to, byte[] from) {
    inside.upload(to, from);
  }

  @Override
  public void download(float[] to, Buffer from) {
    inside.download(to, from);
  }

  @Override
  public void download(double[] to, Buffer from) {
    inside.download(to, from);
  }

  @Override
  public void download(int[] to, Buffer from) {
    inside.download(to, from);
  }

  @Override
  public void download(byte[] to, Buffer from) {
    inside.download(to, from);
  }

  @Override
  public void close() {
    inside.close();
  }
}
