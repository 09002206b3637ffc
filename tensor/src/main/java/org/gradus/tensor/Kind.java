// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// What a buffer holds.
public enum Kind {
  /// Real numbers in the width of the device: float64 on `reference`, float32 elsewhere.
  REAL,
  /// 32-bit integers: row ids, offsets, positions. Ids never travel as real numbers.
  INT,
  /// Truth values, one byte each: 1 is a real entry, 0 is padding.
  MASK
}
