// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import java.util.Arrays;

/// The sizes of a tensor's axes, outermost first. `[]` is a scalar and has one element.
public final class Shape {
  private static final Shape SCALAR = new Shape(new int[0]);

  private final int[] sizes;
  private final int elements;

  private Shape(int[] sizes) {
    long n = 1;
    for (int size : sizes) {
      if (size < 0) {
        throw new IllegalArgumentException(
            "shape: size "
                + size
                + " in "
                + Arrays.toString(sizes)
                + ". Expected sizes of at least 0.");
      }
      n *= size;
      if (n > Integer.MAX_VALUE - 64) {
        throw new IllegalArgumentException(
            "shape: "
                + Arrays.toString(sizes)
                + " has more than 2^31 elements. Expected a tensor that fits an array; use a Table"
                + " for embeddings.");
      }
    }
    this.sizes = sizes;
    this.elements = (int) n;
  }

  /// The shape with these axis sizes.
  public static Shape of(int... sizes) {
    return sizes.length == 0 ? SCALAR : new Shape(sizes.clone());
  }

  /// `[size]`.
  public static Shape of(int size) {
    return new Shape(new int[] {size});
  }

  /// `[]`: one element, no axes.
  public static Shape scalar() {
    return SCALAR;
  }

  /// Number of axes.
  public int rank() {
    return sizes.length;
  }

  /// Size of an axis; negative axes count from the end, −1 being the last.
  public int size(int axis) {
    return sizes[axis(axis)];
  }

  /// Number of elements: the product of the sizes.
  public int elements() {
    return elements;
  }

  /// The sizes, as a fresh array.
  public int[] toArray() {
    return sizes.clone();
  }

  /// An axis as a number in `0 … rank−1`; negative axes count from the end.
  public int axis(int axis) {
    int a = axis < 0 ? axis + sizes.length : axis;
    if (a < 0 || a >= sizes.length) {
      throw new IllegalArgumentException(
          "shape: axis "
              + axis
              + " of "
              + this
              + ". Expected an axis from "
              + -sizes.length
              + " to "
              + (sizes.length - 1)
              + ".");
    }
    return a;
  }

  /// Product of the sizes of axes `from … to−1`; 1 when there are none.
  public int product(int from, int to) {
    int n = 1;
    for (int i = from; i < to; i++) {
      n *= sizes[i];
    }
    return n;
  }

  /// This shape with the size of one axis replaced.
  public Shape with(int axis, int size) {
    int[] s = sizes.clone();
    s[axis(axis)] = size;
    return new Shape(s);
  }

  /// This shape without one axis.
  public Shape without(int axis) {
    int a = axis(axis);
    int[] s = new int[sizes.length - 1];
    System.arraycopy(sizes, 0, s, 0, a);
    System.arraycopy(sizes, a + 1, s, a, s.length - a);
    return new Shape(s);
  }

  /// This shape with an axis of the given size inserted before position `axis` (`rank` appends).
  public Shape insert(int axis, int size) {
    int a = axis < 0 ? axis + sizes.length + 1 : axis;
    if (a < 0 || a > sizes.length) {
      throw new IllegalArgumentException(
          "shape: cannot insert an axis at " + axis + " into " + this + ".");
    }
    int[] s = new int[sizes.length + 1];
    System.arraycopy(sizes, 0, s, 0, a);
    s[a] = size;
    System.arraycopy(sizes, a, s, a + 1, sizes.length - a);
    return new Shape(s);
  }

  /// The shape that two operands broadcast to: axes are aligned at the end, and a missing axis or one of
  /// size 1 stretches.
  public static Shape broadcast(String op, Shape a, Shape b) {
    if (a.equals(b)) {
      return a;
    }
    int rank = Math.max(a.rank(), b.rank());
    int[] s = new int[rank];
    for (int i = 0; i < rank; i++) {
      int x = i < rank - a.rank() ? 1 : a.sizes[i - (rank - a.rank())];
      int y = i < rank - b.rank() ? 1 : b.sizes[i - (rank - b.rank())];
      if (x != y && x != 1 && y != 1) {
        throw new IllegalArgumentException(
            op
                + ": shapes "
                + a
                + " and "
                + b
                + " do not broadcast: axis "
                + (i - rank)
                + " is "
                + x
                + " against "
                + y
                + ". Expected equal sizes, or 1.");
      }
      s[i] = x == 1 ? y : x;
    }
    return new Shape(s);
  }

  /// Distance in elements between neighbours along each axis of a row-major tensor.
  public int[] strides() {
    int[] strides = new int[sizes.length];
    int n = 1;
    for (int i = sizes.length - 1; i >= 0; i--) {
      strides[i] = n;
      n *= sizes[i];
    }
    return strides;
  }

  /// Strides with which this shape is read as the larger shape `to`: 0 along every stretched axis.
  public int[] stridesAs(Shape to) {
    int[] s = new int[to.rank()];
    int shift = to.rank() - rank();
    int n = 1;
    for (int i = sizes.length - 1; i >= 0; i--) {
      s[i + shift] = sizes[i] == 1 ? 0 : n;
      n *= sizes[i];
    }
    return s;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /// `[128, 39, 10]`.
  @Override
  public String toString() {
    return Arrays.toString(sizes);
  }
}
