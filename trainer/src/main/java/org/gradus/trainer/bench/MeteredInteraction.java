// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;

/// Counts the dot products of pairs, 2·D operations each, and the sums of steps by weight, 2·D operations a step; twice as many backward.
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

  @Override
  public void facing(Buffer z, Buffer q, Buffer k, int batch, int steps, int width) {
    inside.facing(z, q, k, batch, steps, width);
  }

  @Override
  public void facingBackward(
      Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer k, int batch, int steps, int width) {
    inside.facingBackward(dq, dk, dz, q, k, batch, steps, width);
  }

  @Override
  public void weightedSum(Buffer y, Buffer w, Buffer x, int batch, int steps, int width) {
    long begun = System.nanoTime();
    inside.weightedSum(y, w, x, batch, steps, width);
    meter.product(2.0 * batch * steps * width, begun);
  }

  @Override
  public void weightedSumBackward(
      Buffer dw, Buffer dx, Buffer dy, Buffer w, Buffer x, int batch, int steps, int width) {
    long begun = System.nanoTime();
    inside.weightedSumBackward(dw, dx, dy, w, x, batch, steps, width);
    meter.product(4.0 * batch * steps * width, begun);
  }

  @Override
  public void cross(Buffer y, Buffer x0, Buffer z, Buffer x, int rows, int width, boolean perRow) {
    inside.cross(y, x0, z, x, rows, width, perRow);
  }

  @Override
  public void crossBackward(
      Buffer dx0, Buffer dz, Buffer dy, Buffer x0, Buffer z, int rows, int width, boolean perRow) {
    inside.crossBackward(dx0, dz, dy, x0, z, rows, width, perRow);
  }

  private static double pairs(int fields, boolean self) {
    return fields * (fields + (self ? 1.0 : -1.0)) / 2;
  }
}
