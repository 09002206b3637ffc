// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// Memory that one kernel family needs besides its arguments, kept from call to call. A device runs one kernel at a time.
final class Scratch {
  private float[] floats = new float[0];

  /// At least n floats, with anything in them.
  float[] floats(int n) {
    if (floats.length < n) {
      floats = new float[Math.max(n, 2 * floats.length)];
    }
    return floats;
  }
}
