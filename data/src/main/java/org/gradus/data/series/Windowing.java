// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

/// How windows are cut from a series of N values:
///
/// ```
/// x_k = X[k r … k r + s − 1],   t_k = y[k r + s + q … k r + s + q + p − 1]
/// n   = ⌊(N − s − q − p) / r⌋ + 1   if N ≥ s + q + p, else 0
/// ```
///
/// A window is copied for every example, so that its span is at most a million.
///
/// @param steps s, values that a model sees
/// @param horizon p, values that it predicts
/// @param stride r, from one window to the next
/// @param gap q, values between the last one seen and the first one predicted
public record Windowing(int steps, int horizon, int stride, int gap) {
  private static final long MOST = 1_000_000;

  /// Checks the ranges.
  public Windowing {
    if (steps < 1 || horizon < 1 || stride < 1 || gap < 0) {
      throw new IllegalArgumentException(
          "windows: steps "
              + steps
              + ", horizon "
              + horizon
              + ", stride "
              + stride
              + ", gap "
              + gap
              + ". Expected at least 1 each, and a gap of at least 0.");
    }
    if ((long) steps + horizon + gap > MOST) {
      throw new IllegalArgumentException(
          "windows: steps "
              + steps
              + ", horizon "
              + horizon
              + ", gap "
              + gap
              + ". Expected at most "
              + MOST
              + " together.");
    }
  }

  /// Without a gap.
  public Windowing(int steps, int horizon, int stride) {
    this(steps, horizon, stride, 0);
  }

  /// The same windows further apart, or closer.
  public Windowing every(int otherStride) {
    return new Windowing(steps, horizon, otherStride, gap);
  }

  /// s + q + p, values from the first one seen to the last one predicted.
  public int span() {
    return steps + gap + horizon;
  }

  /// n, the number of windows in a series of so many values.
  public long count(long length) {
    return length < span() ? 0 : (length - span()) / stride + 1;
  }
}
