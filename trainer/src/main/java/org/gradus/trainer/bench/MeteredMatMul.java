// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.MatMulKernels;

/// Counts 2·m·n·k operations a product. Bias and activation, which a fused layer does on the way, are not counted.
record MeteredMatMul(MatMulKernels inside, Meter meter) implements MatMulKernels {
  @Override
  public void multiply(Buffer c, Buffer a, Buffer b, Product shape) {
    long begun = System.nanoTime();
    inside.multiply(c, a, b, shape);
    meter.product(2.0 * shape.batch() * shape.m() * shape.n() * shape.k(), begun);
  }

  @Override
  public void linear(Buffer y, Buffer x, Buffer w, Buffer b, Activation act, int m, int n, int k) {
    long begun = System.nanoTime();
    inside.linear(y, x, w, b, act, m, n, k);
    meter.product(2.0 * m * n * k, begun);
  }

  @Override
  public void linearBackward(
      Buffer dz, Buffer db, Buffer dy, Buffer y, Activation act, int m, int n) {
    inside.linearBackward(dz, db, dy, y, act, m, n);
  }
}
