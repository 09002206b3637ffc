// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ElementwiseKernels;

/// One number from one or two others: `elementwise.cu`.
final class CudaElementwise implements ElementwiseKernels {
  /// Axes of the structs in `elementwise.cu` and `layout.cu`.
  static final int AXES = 8;

  private final Launch launch;
  private final Kernel unary;
  private final Kernel unaryBackward;
  private final Kernel binary;
  private final Kernel broadcast;
  private final Kernel compare;
  private final Kernel addScaled;
  private final Kernel where;
  private final Kernel toReal;
  private final Kernel and;
  private final Kernel not;
  private final Kernel fill;

  CudaElementwise(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("elementwise");
    unary = module.kernel("unary");
    unaryBackward = module.kernel("unary_backward");
    binary = module.kernel("binary");
    broadcast = module.kernel("broadcast");
    compare = module.kernel("compare");
    addScaled = module.kernel("add_scaled");
    where = module.kernel("where");
    toReal = module.kernel("to_real");
    and = module.kernel("and");
    not = module.kernel("not");
    fill = module.kernel("fill");
  }

  @Override
  public void unary(Unary op, Buffer y, Buffer x, int n, double p, double q) {
    launch.of(unary).buffer(y).buffer(x).choice(op).real(p).real(q).number(n).each(n);
  }

  @Override
  public void unaryBackward(
      Unary op, Buffer dx, Buffer dy, Buffer x, Buffer y, int n, double p, double q) {
    launch
        .of(unaryBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(x)
        .buffer(y)
        .choice(op)
        .real(p)
        .real(q)
        .number(n)
        .each(n);
  }

  @Override
  public void binary(Binary op, Buffer y, Buffer a, Buffer b, Broadcast shape) {
    int n = shape.elements();
    launch
        .of(broadcast)
        .buffer(y)
        .buffer(a)
        .buffer(b)
        .choice(op)
        .struct(strides(shape))
        .number(n)
        .each(n);
  }

  @Override
  public void binary(Binary op, Buffer y, Buffer a, Buffer b, int n) {
    launch.of(binary).buffer(y).buffer(a).buffer(b).choice(op).number(n).each(n);
  }

  @Override
  public void addScaled(Buffer y, Buffer x, double s, int n) {
    launch.of(addScaled).buffer(y).buffer(x).real(s).number(n).each(n);
  }

  @Override
  public void compare(Compare op, Buffer mask, Buffer a, Buffer b, Broadcast shape) {
    int n = shape.elements();
    launch
        .of(compare)
        .buffer(mask)
        .buffer(a)
        .buffer(b)
        .choice(op)
        .struct(strides(shape))
        .number(n)
        .each(n);
  }

  @Override
  public void where(Buffer y, Buffer mask, Buffer a, Buffer b, int n) {
    launch.of(where).buffer(y).buffer(mask).buffer(a).buffer(b).number(n).each(n);
  }

  @Override
  public void keepWhere(Buffer y, Buffer mask, Buffer a, int n) {
    launch.of(where).buffer(y).buffer(mask).buffer(a).buffer(null).number(n).each(n);
  }

  @Override
  public void toReal(Buffer y, Buffer mask, int n) {
    launch.of(toReal).buffer(y).buffer(mask).number(n).each(n);
  }

  @Override
  public void and(Buffer mask, Buffer a, Buffer b, int n) {
    launch.of(and).buffer(mask).buffer(a).buffer(b).number(n).each(n);
  }

  @Override
  public void not(Buffer mask, Buffer a, int n) {
    launch.of(not).buffer(mask).buffer(a).number(n).each(n);
  }

  @Override
  public void fill(Buffer y, double value, int n) {
    launch.of(fill).buffer(y).real(value).number(n).each(n);
  }

  /// `struct Strides`
  private static int[] strides(Broadcast shape) {
    int rank = shape.sizes().length;
    checkAxes(rank);
    int[] s = new int[1 + 3 * AXES];
    s[0] = rank;
    System.arraycopy(shape.sizes(), 0, s, 1, rank);
    System.arraycopy(shape.a(), 0, s, 1 + AXES, rank);
    System.arraycopy(shape.b(), 0, s, 1 + 2 * AXES, rank);
    return s;
  }

  static void checkAxes(int rank) {
    if (rank > AXES) {
      throw new IllegalArgumentException(
          "cuda: " + rank + " axes that do not merge. Expected at most " + AXES + ".");
    }
  }
}
