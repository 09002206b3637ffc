// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Random numbers that are a function of (key, position): no state, same bits on every device.
public interface RandomKernels {
  /// y`[i]` = [Counter#uniform] (key, i), in [0, 1).
  void uniform(Buffer y, long key, int n);

  /// y`[i]` = 1/keep with probability keep, else 0: the factors of inverted dropout. Kept where
  /// [Counter#uniform] (key, i) < keep.
  void dropout(Buffer y, long key, double keep, int n);
}
