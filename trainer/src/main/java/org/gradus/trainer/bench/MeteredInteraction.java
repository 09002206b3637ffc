// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;

/// Counts the dot products of pairs: 2·D operations a pair forward, twice as many backward.
record MeteredInteraction(InteractionKernels inside, Meter meter) implements InteractionKernels {
  @Override
  public void pairwise(Buffer y, Buffer sums, Buffer e, int batch, int fields, int width) {
    inside.pairwise(y, sums, e, batch, fields, width);
  }

  @Override
  public void pairwiseBackward(
      Buffer de, Buffer dy, Buffer sums, Buffer e, int batch, int fields, int width) {
    inside.pairwiseBackward(de, dy, sums, e, batch, fields, width);
  }

  @Override
  public void dots(
      Buffer y, Vectors e, int batch, int fields, int width, boolean lower, boolean self) {
    long begun = System.nanoTime();
    inside.dots(y, e, batch, fields, width, lower, self);
    meter.product(2.0 * batch * pairs(fields, self) * width, begun);
  }

  @Override
  public void dotsBackward(
      Vectors de,
      Buffer dy,
      Vectors e,
      int batch,
      int fields,
      int width,
      boolean lower,
      boolean self) {
    long begun = System.nanoTime();
    inside.dotsBackward(de, dy, e, batch, fields, width, lower, self);
    meter.product(4.0 * batch * pairs(fields, self) * width, begun);
  }

  private static double pairs(int fields, boolean self) {
    return fields * (fields + (self ? 1.0 : -1.0)) / 2;
  }
}
