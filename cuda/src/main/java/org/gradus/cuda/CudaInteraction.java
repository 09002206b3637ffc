// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.InteractionKernels;

/// Fused interactions: `interaction.cu`.
final class CudaInteraction implements InteractionKernels {
  private final Launch launch;
  private final Kernel pairwise;
  private final Kernel pairwiseBackward;
  private final Kernel dots;
  private final Kernel dotsBackward;
  private final Kernel facing;
  private final Kernel facingBackward;
  private final Kernel weightedSum;
  private final Kernel weightedSumBackward;
  private final Kernel cross;
  private final Kernel crossBackward;
  private final Kernel crossRowsBackward;

  CudaInteraction(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("interaction");
    pairwise = module.kernel("pairwise");
    pairwiseBackward = module.kernel("pairwise_backward");
    dots = module.kernel("dots");
    dotsBackward = module.kernel("dots_backward");
    facing = module.kernel("facing");
    facingBackward = module.kernel("facing_backward");
    weightedSum = module.kernel("weighted_sum");
    weightedSumBackward = module.kernel("weighted_sum_backward");
    cross = module.kernel("cross");
    crossBackward = module.kernel("cross_backward");
    crossRowsBackward = module.kernel("cross_rows_backward");
  }

  @Override
  public void pairwise(Buffer y, Buffer sums, Buffer e, int batch, int fields, int width) {
    launch
        .of(pairwise)
        .buffer(y)
        .buffer(sums)
        .buffer(e)
        .number(batch)
        .number(fields)
        .number(width)
        .warps(batch);
  }

  @Override
  public void pairwiseBackward(
      Buffer de, Buffer dy, Buffer sums, Buffer e, int batch, int fields, int width) {
    long n = (long) batch * fields * width;
    launch
        .of(pairwiseBackward)
        .buffer(de)
        .buffer(dy)
        .buffer(sums)
        .buffer(e)
        .number(fields)
        .number(width)
        .big(n)
        .each(n);
  }

  private static int pairs(int fields, boolean self) {
    return fields * (self ? fields + 1 : fields - 1) / 2;
  }

  @Override
  public void dots(
      Buffer y, Vectors e, int batch, int fields, int width, boolean lower, boolean self) {
    launch
        .of(dots)
        .buffer(y)
        .buffer(e.first())
        .buffer(e.rest())
        .number(batch)
        .number(fields)
        .number(width)
        .flag(lower)
        .flag(self)
        .number(pairs(fields, self))
        .each((long) batch * fields * fields);
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
    launch
        .of(dotsBackward)
        .buffer(de.first())
        .buffer(de.rest())
        .buffer(dy)
        .buffer(e.first())
        .buffer(e.rest())
        .number(batch)
        .number(fields)
        .number(width)
        .flag(lower)
        .flag(self)
        .number(pairs(fields, self))
        .each((long) batch * fields * width);
  }

  @Override
  public void facing(Buffer z, Buffer q, Buffer k, int batch, int steps, int width) {
    long n = (long) batch * steps * width;
    launch.of(facing).buffer(z).buffer(q).buffer(k).number(steps).number(width).big(n).each(n);
  }

  @Override
  public void facingBackward(
      Buffer dq, Buffer dk, Buffer dz, Buffer q, Buffer k, int batch, int steps, int width) {
    launch
        .of(facingBackward)
        .buffer(dq)
        .buffer(dk)
        .buffer(dz)
        .buffer(q)
        .buffer(k)
        .number(batch)
        .number(steps)
        .number(width)
        .each((long) batch * width);
  }

  @Override
  public void weightedSum(Buffer y, Buffer w, Buffer x, int batch, int steps, int width) {
    launch
        .of(weightedSum)
        .buffer(y)
        .buffer(w)
        .buffer(x)
        .number(batch)
        .number(steps)
        .number(width)
        .each((long) batch * width);
  }

  @Override
  public void weightedSumBackward(
      Buffer dw, Buffer dx, Buffer dy, Buffer w, Buffer x, int batch, int steps, int width) {
    int rows = batch * steps;
    launch
        .of(weightedSumBackward)
        .buffer(dw)
        .buffer(dx)
        .buffer(dy)
        .buffer(w)
        .buffer(x)
        .number(rows)
        .number(steps)
        .number(width)
        .warps(rows);
  }

  @Override
  public void cross(Buffer y, Buffer x0, Buffer z, Buffer x, int rows, int width, boolean perRow) {
    long n = (long) rows * width;
    launch
        .of(cross)
        .buffer(y)
        .buffer(x0)
        .buffer(z)
        .buffer(x)
        .flag(perRow)
        .number(width)
        .big(n)
        .each(n);
  }

  @Override
  public void crossBackward(
      Buffer dx0, Buffer dz, Buffer dy, Buffer x0, Buffer z, int rows, int width, boolean perRow) {
    long n = (long) rows * width;
    Kernel which = perRow ? crossRowsBackward : crossBackward;
    launch.of(which).buffer(dx0).buffer(dz).buffer(dy).buffer(x0).buffer(z);
    if (perRow) {
      launch.number(rows).number(width).warps(rows);
    } else {
      launch.big(n).each(n);
    }
  }
}
