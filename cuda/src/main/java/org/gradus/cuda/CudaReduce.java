// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.ReduceKernels;

/// Sums and maxima: `reduce.cu`.
final class CudaReduce implements ReduceKernels {
  private static final int GRID_Y = 65_535;

  private final Launch launch;
  private final Partials partials;
  private final Kernel sum;
  private final Kernel sumRows;
  private final Kernel max;
  private final Kernel maxBackward;
  private final Kernel magnitude;
  private final Kernel firstNonFinite;

  CudaReduce(CudaDevice device) {
    launch = device.launch();
    partials = new Partials(device);
    Module module = device.module("reduce");
    sum = module.kernel("sum");
    sumRows = module.kernel("sum_rows");
    max = module.kernel("max");
    maxBackward = module.kernel("max_backward");
    magnitude = module.kernel("magnitude");
    firstNonFinite = module.kernel("first_non_finite");
  }

  @Override
  public void sum(Buffer y, Buffer x, int outer, int n, int inner, double scale) {
    if (outer == 0 || inner == 0) {
      return;
    }
    if (inner == 1) {
      launch.of(sumRows).buffer(y).buffer(x).number(outer).number(n).real(scale).warps(outer);
    } else {
      launch
          .of(sum)
          .buffer(y)
          .buffer(x)
          .number(outer)
          .number(n)
          .number(inner)
          .real(scale)
          .grid((inner + 31) / 32, Math.min(outer, GRID_Y), 1, 32, 8);
    }
  }

  @Override
  public void max(Buffer y, Buffer argmax, Buffer x, int outer, int n, int inner) {
    launch
        .of(max)
        .buffer(y)
        .buffer(argmax)
        .buffer(x)
        .number(outer)
        .number(n)
        .number(inner)
        .each((long) outer * inner);
  }

  @Override
  public void maxBackward(Buffer dx, Buffer dy, Buffer argmax, int outer, int n, int inner) {
    launch
        .of(maxBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(argmax)
        .number(outer)
        .number(n)
        .number(inner)
        .each((long) outer * n * inner);
  }

  @Override
  public double sumOfSquares(Buffer x, int n) {
    return magnitude(x, true, n);
  }

  @Override
  public double sumOfMagnitudes(Buffer x, int n) {
    return magnitude(x, false, n);
  }

  private double magnitude(Buffer x, boolean squares, int n) {
    return partials.sum(
        launch.of(magnitude).address(partials.address()).buffer(x).flag(squares).big(n), n);
  }

  @Override
  public int firstNonFinite(Buffer x, int n) {
    int least =
        partials.least(
            launch.of(firstNonFinite).address(partials.address()).buffer(x).number(n), n);
    return least >= n ? -1 : least;
  }
}
