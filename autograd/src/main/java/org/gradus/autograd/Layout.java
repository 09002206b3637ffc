// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.LayoutKernels.View;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// Operations that move numbers and leave them as they are. A reshape shares memory, everything else copies.
final class Layout {
  private Layout() {}

  /// y = x under another shape;  dx = dy under the old one
  static Var reshape(Var x, Shape shape) {
    Tape tape = x.tape();
    if (shape.equals(x.shape())) {
      return x;
    }
    return tape.record(
        "reshape",
        tape.scope().reshape(x.value(), shape),
        (dy, dx) -> dx.give(0, tape.scope().reshape(dy, x.shape())),
        x);
  }

  /// Sizes with at most one −1, which stands for whatever is left.
  static Shape inferred(Shape from, int... sizes) {
    int[] s = sizes.clone();
    int open = -1;
    int known = 1;
    for (int i = 0; i < s.length; i++) {
      if (s[i] == -1 && open < 0) {
        open = i;
      } else {
        known *= s[i];
      }
    }
    if (open >= 0) {
      if (known <= 0 || from.elements() % known != 0) {
        throw new IllegalArgumentException(
            "reshape: "
                + from
                + " to "
                + Arrays.toString(sizes)
                + ". Expected other sizes whose product divides "
                + from.elements()
                + ", and one −1 at most.");
      }
      s[open] = from.elements() / known;
    }
    return Shape.of(s);
  }

  static Var flatten(Var x, int fromAxis) {
    int from = x.shape().axis(fromAxis);
    int[] s = Arrays.copyOf(x.shape().toArray(), from + 1);
    s[from] = x.shape().product(from, x.shape().rank());
    return reshape(x, Shape.of(s));
  }

  static Var squeeze(Var x, int axis) {
    if (x.size(axis) != 1) {
      throw new IllegalArgumentException(
          "squeeze: axis "
              + axis
              + " of "
              + x.shape()
              + " has size "
              + x.size(axis)
              + ". Expected 1; sum, index or slice makes it so.");
    }
    return reshape(x, x.shape().without(axis));
  }

  /// y[i₀, i₁, …] = x with its axes in another order;  dx = dy in the old one
  static Var permute(Var x, int... axes) {
    Tape tape = x.tape();
    int rank = x.shape().rank();
    int[] order = new int[rank];
    int[] back = new int[rank];
    Arrays.fill(back, -1);
    boolean valid = axes.length == rank;
    for (int i = 0; valid && i < rank; i++) {
      order[i] = x.shape().axis(axes[i]);
      valid = back[order[i]] < 0;
      back[order[i]] = i;
    }
    if (!valid) {
      throw new IllegalArgumentException(
          "permute: axes "
              + Arrays.toString(axes)
              + " of "
              + x.shape()
              + ". Expected each axis from 0 to "
              + (rank - 1)
              + " once.");
    }
    if (isIdentity(order)) {
      return x;
    }
    return tape.record(
        "permute",
        permuted(tape.scope(), x.value(), order),
        (dy, dx) -> dx.give(0, permuted(tape.scope(), dy, back)),
        x);
  }

  private static boolean isIdentity(int[] order) {
    for (int i = 0; i < order.length; i++) {
      if (order[i] != i) {
        return false;
      }
    }
    return true;
  }

  private static Tensor permuted(Scope scope, Tensor x, int[] order) {
    int[] from = x.shape().strides();
    int[] sizes = new int[order.length];
    int[] strides = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      sizes[i] = x.shape().size(order[i]);
      strides[i] = from[order[i]];
    }
    return read(scope, "permute", x, Shape.of(sizes), new View(0, sizes, strides));
  }

  static Var transpose(Var x) {
    int rank = x.shape().rank();
    if (rank < 2) {
      throw new IllegalArgumentException(
          "transpose: " + x.shape() + ". Expected at least two axes.");
    }
    int[] axes = new int[rank];
    for (int i = 0; i < rank; i++) {
      axes[i] = i;
    }
    axes[rank - 2] = rank - 1;
    axes[rank - 1] = rank - 2;
    return permute(x, axes);
  }

  /// y = x[…, from:to, …];  dx = dy there, 0 elsewhere
  static Var slice(Var x, int axis, int from, int to) {
    int size = x.size(axis);
    if (from < 0 || from > to || to > size) {
      throw new IllegalArgumentException(
          "slice: from "
              + from
              + " to "
              + to
              + " on axis "
              + axis
              + " of "
              + x.shape()
              + ". Expected 0 ≤ from ≤ to ≤ "
              + size
              + ".");
    }
    return cut("slice", x, x.shape().axis(axis), from, x.shape().with(axis, to - from));
  }

  /// y = x[…, i, …], without the axis;  dx = dy there, 0 elsewhere
  static Var index(Var x, int axis, int i) {
    int size = x.size(axis);
    int place = i < 0 ? i + size : i;
    if (place < 0 || place >= size) {
      throw new IllegalArgumentException(
          "index: "
              + i
              + " on axis "
              + axis
              + " of "
              + x.shape()
              + ". Expected an index from "
              + -size
              + " to "
              + (size - 1)
              + ".");
    }
    return cut("index", x, x.shape().axis(axis), place, x.shape().without(axis));
  }

  private static Var cut(String op, Var x, int axis, int from, Shape to) {
    Tape tape = x.tape();
    Shape s = x.shape();
    int outer = s.product(0, axis);
    int inner = s.product(axis + 1, s.rank());
    View view = block(outer, s.size(axis), inner, from, outer == 0 ? 0 : to.elements() / outer);
    return tape.record(
        op,
        read(tape.scope(), op, x.value(), to, view),
        (dy, dx) -> dx.give(0, view, tape.scope().share(dy)),
        x);
  }

  /// Elements of `[outer, n, inner]` from place `from` of the middle axis on, `length` in each of the outer blocks.
  private static View block(int outer, int n, int inner, int from, int length) {
    return new View(from * inner, new int[] {outer, length}, new int[] {n * inner, 1});
  }

  static List<Var> split(Var x, int axis, int... sizes) {
    if (Arrays.stream(sizes).sum() != x.size(axis)) {
      throw new IllegalArgumentException(
          "split: sizes "
              + Arrays.toString(sizes)
              + " of axis "
              + axis
              + " of "
              + x.shape()
              + ". Expected sizes that add up to "
              + x.size(axis)
              + ".");
    }
    List<Var> parts = new ArrayList<>(sizes.length);
    int from = 0;
    for (int size : sizes) {
      parts.add(slice(x, axis, from, from + size));
      from += size;
    }
    return parts;
  }

  /// y = x₀, x₁, … one behind the other along an axis;  dxᵢ = the i-th part of dy
  static Var concat(int axis, List<Var> parts) {
    Shape first = first("concat", parts);
    int a = first.axis(axis);
    int[] lengths = new int[parts.size()];
    int n = 0;
    for (int i = 0; i < lengths.length; i++) {
      Shape s = parts.get(i).shape();
      if (s.rank() != first.rank() || !s.with(a, 0).equals(first.with(a, 0))) {
        throw new IllegalArgumentException(
            "concat: part "
                + i
                + " is "
                + s
                + " and part 0 is "
                + first
                + ". Expected equal sizes on every axis but "
                + axis
                + ".");
      }
      lengths[i] = s.size(a);
      n += lengths[i];
    }
    if (lengths.length == 1) {
      return parts.getFirst();
    }
    return join("concat", parts, lengths, a, first.with(a, n));
  }

  /// y[…, i, …] = xᵢ on a new axis;  dxᵢ = dy[…, i, …]
  static Var stack(int axis, List<Var> parts) {
    Shape first = first("stack", parts);
    for (Var part : parts) {
      if (!part.shape().equals(first)) {
        throw new IllegalArgumentException(
            "stack: shapes " + first + " and " + part.shape() + ". Expected equal shapes.");
      }
    }
    int a = axis < 0 ? axis + first.rank() + 1 : axis;
    int[] lengths = new int[parts.size()];
    Arrays.fill(lengths, 1);
    return join("stack", parts, lengths, a, first.insert(axis, lengths.length));
  }

  private static Shape first(String op, List<Var> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException(op + ": an empty list. Expected at least one part.");
    }
    return parts.getFirst().shape();
  }

  /// Parts `[outer, lengthᵢ, inner]` become `[outer, n, inner]`, the axis being the middle one.
  private static Var join(String op, List<Var> parts, int[] lengths, int axis, Shape to) {
    Var[] xs = parts.toArray(Var[]::new);
    Tape tape = xs[0].tape();
    Tensor y = tape.scope().real(op, to);
    int outer = to.product(0, axis);
    int inner = to.product(axis + 1, to.rank());
    View[] views = new View[xs.length];
    int from = 0;
    for (int i = 0; i < xs.length; i++) {
      views[i] = block(outer, to.size(axis), inner, from, lengths[i] * inner);
      tape.kernels().layout().write(y.buffer(), xs[i].value().buffer(), views[i]);
      from += lengths[i];
    }
    return tape.record(
        op,
        y,
        (dy, dx) -> {
          for (int i = 0; i < xs.length; i++) {
            if (dx.wants(i)) {
              dx.give(i, read(tape.scope(), op, dy, xs[i].shape(), views[i]));
            }
          }
        },
        xs);
  }

  /// y = x stretched to a shape that it broadcasts to;  dx = dy summed over the stretched axes
  static Var expand(Var x, Shape to) {
    Tape tape = x.tape();
    if (x.shape().equals(to)) {
      return x;
    }
    if (!Shape.broadcast("expand", x.shape(), to).equals(to)) {
      throw new IllegalArgumentException(
          "expand: " + x.shape() + " to " + to + ". Expected a shape that it broadcasts to.");
    }
    return tape.record(
        "expand",
        expandTo(tape.scope(), x.value(), to),
        (dy, dx) -> dx.give(0, Elementwise.sumTo(tape.scope(), tape.scope().share(dy), x.shape())),
        x);
  }

  /// y = x repeated along every axis;  dx = the sum of the copies' dy
  static Var tile(Var x, int... multiples) {
    Tape tape = x.tape();
    Shape s = x.shape();
    int rank = s.rank();
    if (multiples.length != rank) {
      throw new IllegalArgumentException(
          "tile: multiples "
              + Arrays.toString(multiples)
              + " for "
              + s
              + ". Expected one per axis.");
    }
    int[] own = s.strides();
    int[] result = new int[rank];
    int[] sizes = new int[2 * rank];
    int[] strides = new int[2 * rank];
    for (int i = 0; i < rank; i++) {
      result[i] = s.size(i) * multiples[i];
      sizes[2 * i] = multiples[i];
      sizes[2 * i + 1] = s.size(i);
      strides[2 * i + 1] = own[i]; // and 0 along the copies
    }
    View view = new View(0, sizes, strides);
    return tape.record(
        "tile",
        read(tape.scope(), "tile", x.value(), Shape.of(result), view),
        (dy, dx) -> dx.give(0, spread(tape.scope(), "tile", dy, s, view)),
        x);
  }

  /// y [B, T′, k·C] = the k rows of x [B, T, C] under each position of a window that moves by `stride`;  dx = the sum
  /// over the windows that held a row
  static Var windows(Var x, int k, int stride, int count) {
    Tape tape = x.tape();
    Shape s = x.shape();
    int c = s.size(2);
    int[] sizes = {s.size(0), count, k * c};
    View view = new View(0, sizes, new int[] {s.size(1) * c, stride * c, 1});
    return tape.record(
        "conv1d",
        read(tape.scope(), "conv1d", x.value(), Shape.of(sizes), view),
        (dy, dx) -> dx.give(0, spread(tape.scope(), "conv1d", dy, s, view)),
        x);
  }

  /// A view of x as a new tensor.
  static Tensor read(Scope scope, String op, Tensor x, Shape to, View view) {
    Tensor y = scope.allocate(op, x.kind(), to);
    scope.device().kernels().layout().read(y.buffer(), x.buffer(), view);
    return y;
  }

  /// The adjoint of [#read]: zeros of a shape, and y added to the view of them.
  private static Tensor spread(Scope scope, String op, Tensor y, Shape to, View view) {
    Tensor x = zeros(scope, op, to);
    scope.device().kernels().layout().add(x.buffer(), y.buffer(), view);
    return x;
  }

  static Tensor zeros(Scope scope, String op, Shape shape) {
    Tensor x = scope.real(op, shape);
    scope.device().kernels().elementwise().fill(x.buffer(), 0, x.elements());
    return x;
  }

  /// The tensor stretched to a shape, or itself when it has it. Of any kind.
  static Tensor expandTo(Scope scope, Tensor x, Shape to) {
    return x.shape().equals(to)
        ? x
        : read(scope, "expand", x, to, new View(0, to.toArray(), x.shape().stridesAs(to)));
  }
}
