// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.List;

/// Owns the tensors of one step: when it closes, they die and their memory goes back to the device, as do arrays of the host
/// that the step borrowed.
///
/// ```
/// try (Scope step = new Scope(device)) {
///   Tensor x = step.upload(Shape.of(2, 3), values);
///   …
/// }
/// ```
///
/// A scope belongs to one thread, and makes nothing more once it is closed.
public final class Scope implements AutoCloseable {
  /// Holes in the list of tensors that nobody minds.
  private static final int MANY = 64;

  private final Device device;
  private List<Tensor> owned; // a list of the device's, as the next one
  private List<Object> borrowed; // arrays of the host
  private int holes;
  private boolean closed;

  /// A scope on a device.
  public Scope(Device device) {
    this.device = device;
    this.owned = device.host().list();
    this.borrowed = device.host().list();
  }

  /// The device of every tensor made here.
  public Device device() {
    return device;
  }

  /// A new tensor, its values undefined until a kernel writes them.
  public Tensor allocate(String op, Kind kind, Shape shape) {
    return own(new Tensor(device, shape, op, memory(op, kind, shape)));
  }

  private Buffer memory(String op, Kind kind, Shape shape) {
    try {
      return device.allocate(kind, shape.elements());
    } catch (DeviceException e) {
      throw e.during(op + " " + shape);
    }
  }

  /// A new `REAL` tensor, its values undefined until a kernel writes them.
  public Tensor real(String op, Shape shape) {
    return allocate(op, Kind.REAL, shape);
  }

  /// A tensor of float32 values.
  public Tensor upload(Shape shape, float... values) {
    Tensor t = real("constant", check(shape, values.length));
    device.upload(t.buffer(), values);
    return t;
  }

  /// A tensor of float64 values; rounded to float32 by devices of that width.
  public Tensor upload(Shape shape, double... values) {
    Tensor t = real("constant", check(shape, values.length));
    device.upload(t.buffer(), values);
    return t;
  }

  /// A tensor of integers.
  public Tensor upload(Shape shape, int... values) {
    Tensor t = allocate("constant", Kind.INT, check(shape, values.length));
    device.upload(t.buffer(), values);
    return t;
  }

  /// A mask: true is a real entry.
  public Tensor upload(Shape shape, boolean... values) {
    Tensor t = allocate("constant", Kind.MASK, check(shape, values.length));
    byte[] bytes = device.host().bytes(values.length);
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (values[i] ? 1 : 0);
    }
    device.upload(t.buffer(), bytes);
    device.host().give(bytes);
    return t;
  }

  /// n zeros on the host, for what a step makes there. The array is this scope's, and is lost to the caller when it closes.
  public int[] ints(int n) {
    return borrow(device.host().ints(n));
  }

  /// As [#ints(int)], of float32.
  public float[] floats(int n) {
    return borrow(device.host().floats(n));
  }

  /// As [#ints(int)], of float64.
  public double[] doubles(int n) {
    return borrow(device.host().doubles(n));
  }

  /// As [#ints(int)], n times false.
  public boolean[] booleans(int n) {
    return borrow(device.host().booleans(n));
  }

  /// The values of an `INT` tensor, in an array as [#ints(int)] gives it.
  public int[] ints(Tensor x) {
    int[] values = ints(x.elements());
    device.download(values, x.buffer());
    return values;
  }

  /// The values of a `REAL` tensor in the full width of the device, in an array as [#doubles(int)] gives it.
  public double[] doubles(Tensor x) {
    double[] values = doubles(x.elements());
    device.download(values, x.buffer());
    return values;
  }

  /// The values of a `MASK` tensor, in an array as [#booleans(int)] gives it.
  public boolean[] booleans(Tensor x) {
    boolean[] values = booleans(x.elements());
    byte[] bytes = device.host().bytes(values.length);
    device.download(bytes, x.buffer());
    for (int i = 0; i < values.length; i++) {
      values[i] = bytes[i] != 0;
    }
    device.host().give(bytes);
    return values;
  }

  private <A> A borrow(A array) {
    if (closed) {
      device.host().give(array);
      throw new IllegalStateException(
          "scope: an array of a closed scope. Expected a step that is still open.");
    }
    borrowed.add(array);
    return array;
  }

  private static Shape check(Shape shape, int values) {
    if (shape.elements() != values) {
      throw new IllegalArgumentException(
          "upload: "
              + values
              + " values for shape "
              + shape
              + ". Expected "
              + shape.elements()
              + " values, the product of the sizes.");
    }
    return shape;
  }

  /// The same memory under another shape.
  public Tensor reshape(Tensor x, Shape shape) {
    if (shape.elements() != x.elements()) {
      throw new IllegalArgumentException(
          "reshape: "
              + x.shape()
              + " has "
              + x.elements()
              + " elements and "
              + shape
              + " has "
              + shape.elements()
              + ". Expected the same number.");
    }
    return own(x.share(shape, "reshape"));
  }

  /// A second handle to the same tensor, owned by this scope.
  public Tensor share(Tensor x) {
    return own(x.share(x.shape(), x.op()));
  }

  /// Takes a tensor out of this scope: it stays alive until [#adopt]ed and closed elsewhere.
  public Tensor keep(Tensor x) {
    x.buffer();
    if (!owns(x)) {
      throw new IllegalArgumentException(
          "keep: " + x + " does not belong to this scope. Expected one of its own tensors.");
    }
    disown(x);
    return x;
  }

  /// Makes this scope the owner of a kept tensor.
  public Tensor adopt(Tensor x) {
    if (x.slot >= 0) {
      throw new IllegalArgumentException(
          "adopt: " + x + " still belongs to a scope. Expected a kept tensor; call keep first.");
    }
    return own(x);
  }

  /// Lets a tensor of this scope, or a kept one, die before the scope closes, so that its memory can be used again at once.
  public void release(Tensor x) {
    if (x.slot >= 0) {
      if (!owns(x)) {
        throw new IllegalArgumentException(
            "release: "
                + x
                + " belongs to another scope. Expected one of its own tensors, or a kept one.");
      }
      disown(x);
    }
    x.die();
  }

  @SuppressWarnings("ReferenceEquality") // this tensor, not an equal one
  private boolean owns(Tensor x) {
    return x.slot >= 0 && x.slot < owned.size() && owned.get(x.slot) == x;
  }

  private Tensor own(Tensor x) {
    if (closed) {
      x.die();
      throw new IllegalStateException(
          x.op() + ": " + x.shape() + " in a closed scope. Expected a step that is still open.");
    }
    if (holes > owned.size() / 2 && holes > MANY) {
      closeRanks();
    }
    x.slot = owned.size();
    owned.add(x);
    return x;
  }

  @SuppressWarnings("NullAway") // a hole in the list, skipped by close
  private void disown(Tensor x) {
    owned.set(x.slot, null);
    x.slot = -1;
    // Temporaries die in reverse order of birth, so the list's end is usually the hole.
    holes++;
    while (holes > 0 && owned.getLast() == null) {
      owned.removeLast();
      holes--;
    }
  }

  /// Takes the holes out of the list, which would grow without end in a scope that lives long and always holds something.
  private void closeRanks() {
    int n = 0;
    for (Tensor t : owned) {
      if (t != null) {
        owned.set(n, t);
        t.slot = n++;
      }
    }
    owned.subList(n, owned.size()).clear();
    holes = 0;
  }

  /// Length of the list of tensors, holes included.
  int slots() {
    return owned.size();
  }

  /// Number of tensors alive in this scope.
  public int size() {
    return owned.size() - holes;
  }

  /// Every tensor of this scope dies.
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    for (int i = owned.size() - 1; i >= 0; i--) {
      Tensor t = owned.get(i);
      if (t != null) {
        t.slot = -1;
        t.die();
      }
    }
    holes = 0;
    for (int i = 0; i < borrowed.size(); i++) {
      device.host().give(borrowed.get(i));
    }
    device.host().give(owned);
    device.host().give(borrowed);
    owned = List.of(); // those given back are another scope's from here on
    borrowed = List.of();
  }
}
