// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// A block of memory of one device. Only that device's kernels look inside.
public interface Buffer {
  /// What the block holds.
  Kind kind();

  /// Number of elements.
  int length();
}
