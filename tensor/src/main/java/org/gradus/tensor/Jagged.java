// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

/// Lists of different lengths, end to end: bag `s` is `values[offsets[s] … offsets[s+1])`.
///
/// @param values what the lists hold: `[N]` ids, or `[N, D]` vectors
/// @param offsets `[S+1]` integers, from 0 to N, never falling
public record Jagged(Tensor values, Tensor offsets) {
  /// Checks kinds and sizes; that offsets rise from 0 to N is checked where they are made, on the host.
  public Jagged {
    if (offsets.kind() != Kind.INT || offsets.shape().rank() != 1 || offsets.elements() < 1) {
      throw new IllegalArgumentException(
          "jagged: offsets "
              + offsets.shape()
              + " of kind "
              + offsets.kind()
              + ". Expected [S+1] of kind INT.");
    }
    if (values.shape().rank() < 1) {
      throw new IllegalArgumentException(
          "jagged: values " + values.shape() + ". Expected [N] or [N, D].");
    }
  }

  /// S, the number of lists.
  public int bags() {
    return offsets.elements() - 1;
  }
}
