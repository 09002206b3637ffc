// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels;

/// Copies between layouts: `layout.cu`.
final class CudaLayout implements LayoutKernels {
  private final Launch launch;
  private final Kernel read;
  private final Kernel write;
  private final Kernel readMask;
  private final Kernel writeMask;
  private final Kernel add;
  private final Kernel multiples;

  CudaLayout(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("layout");
    read = module.kernel("read");
    write = module.kernel("write");
    readMask = module.kernel("read_mask");
    writeMask = module.kernel("write_mask");
    add = module.kernel("add");
    multiples = module.kernel("multiples");
  }

  @Override
  public void read(Buffer y, Buffer x, View view) {
    copy(x.kind() == Kind.MASK ? readMask : read, y, x, view);
  }

  @Override
  public void write(Buffer y, Buffer x, View view) {
    copy(x.kind() == Kind.MASK ? writeMask : write, y, x, view);
  }

  private void copy(Kernel kernel, Buffer y, Buffer x, View view) {
    int n = view.elements();
    launch.of(kernel).buffer(y).buffer(x).struct(struct(view)).number(n).each(n);
  }

  /// Axes of a view, with their distances in y and in x.
  private record Axes(List<Integer> sizes, List<Integer> inY, List<Integer> inX) {
    Axes() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    void add(int size, int y, int x) {
      sizes.add(size);
      inY.add(y);
      inX.add(x);
    }

    int elements() {
      int n = 1;
      for (int size : sizes) {
        n *= size;
      }
      return n;
    }

    View y(int offset) {
      return view(offset, inY);
    }

    View x(int offset) {
      return view(offset, inX);
    }

    private View view(int offset, List<Integer> strides) {
      return new View(
          offset,
          sizes.stream().mapToInt(Integer::intValue).toArray(),
          strides.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  /// Threads take axes along which no place of y comes twice; axes of stride 0 are summed by one thread; the others, along
  /// which windows overlap, are a launch for each of their places.
  @Override
  public void add(Buffer y, Buffer x, View view) {
    int rank = view.sizes().length;
    int[] inX = new int[rank];
    int distance = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
      inX[axis] = distance;
      distance *= view.sizes()[axis];
    }
    if (distance == 0) {
      return;
    }
    Axes apart = new Axes();
    Axes repeated = new Axes();
    Axes overlapping = new Axes();
    int reach = 0; // the farthest place from the first that the axes taken so far get to
    for (int axis : byStride(view)) {
      int size = view.sizes()[axis];
      int stride = view.strides()[axis];
      if (stride == 0) {
        repeated.sizes().addFirst(size);
        repeated.inY().addFirst(0);
        repeated.inX().addFirst(inX[axis]);
      } else if (stride > reach) {
        apart.add(size, stride, inX[axis]);
        reach += (size - 1) * stride;
      } else if (size > 1) {
        overlapping.add(size, stride, inX[axis]);
      }
    }
    int launches = overlapping.elements();
    int n = apart.elements();
    for (int l = 0; l < launches; l++) {
      launch
          .of(add)
          .buffer(y)
          .buffer(x)
          .struct(struct(apart.y(view.offset() + place(overlapping.y(0), l))))
          .struct(struct(apart.x(place(overlapping.x(0), l))))
          .struct(struct(repeated.x(0)))
          .number(repeated.elements())
          .number(n)
          .each(n);
    }
  }

  /// The axes by rising stride, later axes first among equals.
  private static int[] byStride(View view) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = view.sizes().length - 1; axis >= 0; axis--) {
      axes.add(axis);
    }
    axes.sort((a, b) -> Integer.compare(view.strides()[a], view.strides()[b]));
    return axes.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int place(View view, int element) {
    int at = view.offset();
    int rest = element;
    for (int axis = view.sizes().length - 1; axis >= 0; axis--) {
      at += rest % view.sizes()[axis] * view.strides()[axis];
      rest /= view.sizes()[axis];
    }
    return at;
  }

  @Override
  public void multiples(Buffer y, int step, int n) {
    launch.of(multiples).buffer(y).number(step).number(n).each(n);
  }

  /// `struct View`
  private static int[] struct(View view) {
    int rank = view.sizes().length;
    CudaElementwise.checkAxes(rank);
    int[] s = new int[2 + 2 * CudaElementwise.AXES];
    s[0] = rank;
    s[1] = view.offset();
    System.arraycopy(view.sizes(), 0, s, 2, rank);
    System.arraycopy(view.strides(), 0, s, 2 + CudaElementwise.AXES, rank);
    return s;
  }
}
