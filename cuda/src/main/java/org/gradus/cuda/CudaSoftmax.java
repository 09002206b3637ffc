// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.SoftmaxKernels;
import org.jspecify.annotations.Nullable;

/// Softmax and its relatives: `softmax.cu`.
final class CudaSoftmax implements SoftmaxKernels {
  private final Launch launch;
  private final Kernel forward;
  private final Kernel backward;
  private final Kernel log;
  private final Kernel logBackward;
  private final Kernel logSumExp;
  private final Kernel logSumExpBackward;

  CudaSoftmax(CudaDevice device) {
    launch = device.launch();
    Module module = device.module("softmax");
    forward = module.kernel("forward");
    backward = module.kernel("backward");
    log = module.kernel("log");
    logBackward = module.kernel("log_backward");
    logSumExp = module.kernel("log_sum_exp");
    logSumExpBackward = module.kernel("log_sum_exp_backward");
  }

  @Override
  public void softmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    launch.of(forward).buffer(y).buffer(x).buffer(mask).number(rows).number(n).warps(rows);
  }

  @Override
  public void softmaxBackward(Buffer dx, Buffer dy, Buffer y, int rows, int n) {
    launch.of(backward).buffer(dx).buffer(dy).buffer(y).number(rows).number(n).warps(rows);
  }

  @Override
  public void logSoftmax(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    launch.of(log).buffer(y).buffer(x).buffer(mask).number(rows).number(n).warps(rows);
  }

  @Override
  public void logSoftmaxBackward(
      Buffer dx, Buffer dy, Buffer y, @Nullable Buffer mask, int rows, int n) {
    launch
        .of(logBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(y)
        .buffer(mask)
        .number(rows)
        .number(n)
        .warps(rows);
  }

  @Override
  public void logSumExp(Buffer y, Buffer x, @Nullable Buffer mask, int rows, int n) {
    launch.of(logSumExp).buffer(y).buffer(x).buffer(mask).number(rows).number(n).warps(rows);
  }

  @Override
  public void logSumExpBackward(
      Buffer dx, Buffer dy, Buffer x, Buffer y, @Nullable Buffer mask, int rows, int n) {
    launch
        .of(logSumExpBackward)
        .buffer(dx)
        .buffer(dy)
        .buffer(x)
        .buffer(y)
        .buffer(mask)
        .number(rows)
        .number(n)
        .each((long) rows * n);
  }
}
