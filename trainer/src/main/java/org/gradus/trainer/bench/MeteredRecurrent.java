// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RecurrentKernels;
import org.jspecify.annotations.Nullable;

/// Counts the products of states with recurrent weights, `[B, H] × [H, 3H]` or `[H, 4H]` in each step: once forward, twice backward.
record MeteredRecurrent(RecurrentKernels inside, Meter meter) implements RecurrentKernels {
  private static double product(Size size, int blocks) {
    return 2.0 * size.states() * size.width() * blocks;
  }

  @Override
  public int gruKept(Size size) {
    return inside.gruKept(size);
  }

  @Override
  public void gru(Buffer y, Buffer kept, Sequences x, Gru gru) {
    long begun = System.nanoTime();
    inside.gru(y, kept, x, gru);
    meter.product(product(x.size(), 3), begun);
  }

  @Override
  public void gruBackward(GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x, Gru gru) {
    long begun = System.nanoTime();
    inside.gruBackward(to, dy, y, kept, x, gru);
    meter.product(2 * product(x.size(), 3), begun);
  }

  @Override
  public int lstmKept(Size size) {
    return inside.lstmKept(size);
  }

  @Override
  public void lstm(Buffer y, Buffer kept, Sequences x, @Nullable Buffer cell) {
    long begun = System.nanoTime();
    inside.lstm(y, kept, x, cell);
    meter.product(product(x.size(), 4), begun);
  }

  @Override
  public void lstmBackward(LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x) {
    long begun = System.nanoTime();
    inside.lstmBackward(to, dy, y, kept, x);
    meter.product(2 * product(x.size(), 4), begun);
  }
}
