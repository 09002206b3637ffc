// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// A contiguous, row-major block of numbers on one device.
///
/// Tensors are made by a [Scope] and die with it, unless [Scope#keep] takes them out. A reshaped tensor
/// shares the block of its origin and holds it. Using a dead tensor is an error that names the
/// operation which made it.
public final class Tensor {
  private final Device device;
  private final Shape shape;
  private final String op;
  private final Buffer memory;
  private @Nullable Tensor first; // for whom the memory was taken; null when this tensor is dead
  private int users = 1; //          of the memory, as far as this is the first

  /// Slot in the scope that owns this tensor, or −1.
  int slot = -1;

  /// A tensor that owns its memory.
  Tensor(Device device, Shape shape, String op, Buffer memory) {
    this.device = device;
    this.shape = shape;
    this.op = op;
    this.memory = memory;
    this.first = this;
  }

  private Tensor(Shape shape, String op, Tensor first) {
    this.device = first.device;
    this.shape = shape;
    this.op = op;
    this.memory = first.memory;
    this.first = first;
    first.users++;
  }

  /// Where the numbers live.
  public Device device() {
    return device;
  }

  /// Sizes of the axes.
  public Shape shape() {
    return shape;
  }

  /// What the numbers are.
  public Kind kind() {
    return buffer().kind();
  }

  /// The operation that made this tensor.
  public String op() {
    return op;
  }

  /// Number of elements.
  public int elements() {
    return shape.elements();
  }

  /// The memory, for kernels of the same device. An error when the tensor is dead.
  public Buffer buffer() {
    first();
    return memory;
  }

  /// Whether the memory is still there.
  public boolean alive() {
    return first != null;
  }

  /// Whether no other tensor shares the memory, so that it may be overwritten.
  public boolean sole() {
    return first().users == 1;
  }

  private Tensor first() {
    if (first == null) {
      throw new IllegalStateException(
          op
              + ": its result "
              + shape
              + " is used after its scope was closed. Expected use inside the step; take it out"
              + " with keep() to use it later.");
    }
    return first;
  }

  /// Another tensor over the same memory, holding it.
  Tensor share(Shape to, String by) {
    return new Tensor(to, by, first());
  }

  /// Lets go of the memory; the last user returns it to the device.
  void die() {
    Tensor of = first;
    if (of != null) {
      first = null;
      if (--of.users == 0) {
        device.release(memory);
      }
    }
  }

  /// The values of a `REAL` tensor, rounded to float32.
  public float[] toFloats() {
    float[] values = new float[elements()];
    device.download(values, buffer());
    return values;
  }

  /// The values of a `REAL` tensor in the full width of the device.
  public double[] toDoubles() {
    double[] values = new double[elements()];
    device.download(values, buffer());
    return values;
  }

  /// The values of an `INT` tensor.
  public int[] toInts() {
    int[] values = new int[elements()];
    device.download(values, buffer());
    return values;
  }

  /// The values of a `MASK` tensor.
  public boolean[] toBooleans() {
    byte[] values = new byte[elements()];
    device.download(values, buffer());
    boolean[] mask = new boolean[values.length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = values[i] != 0;
    }
    return mask;
  }

  /// The value of a `REAL` tensor with one element.
  public double item() {
    if (elements() != 1) {
      throw new IllegalArgumentException(
          "item: tensor "
              + shape
              + " of "
              + op
              + " has "
              + elements()
              + " elements. Expected one.");
    }
    return toDoubles()[0];
  }

  @Override
  public String toString() {
    return op + " " + shape + " on " + device.name() + (alive() ? "" : " (dead)");
  }
}
