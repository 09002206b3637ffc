// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

/// The values of a [DenseTransform], those of small numbers looked up: most are small, and each costs a logarithm.
final class DenseValues {
  private static final int TABLE = 1 << 16;

  private final DenseTransform transform;
  private final float[] table = new float[TABLE]; // of 0, 1, 2, …
  private final float missing;

  DenseValues(DenseTransform transform) {
    this.transform = transform;
    for (int x = 0; x < TABLE; x++) {
      table[x] =
          transform.accepts(x) ? transform.of(x, false) : Float.NaN; // NaN is never asked for
    }
    missing = transform.of(0, true);
  }

  /// As [DenseTransform#of].
  float of(int raw, boolean absent) {
    if (absent) {
      return missing;
    }
    return raw >= 0 && raw < TABLE ? table[raw] : transform.of(raw, false);
  }
}
