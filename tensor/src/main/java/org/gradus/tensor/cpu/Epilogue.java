// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/// What a matrix product does to C besides multiplying: C = act(C₀ + A B + bias).
///
/// The bits equal those of the product followed by the separate operations.
///
/// @param accumulate starts from what C holds instead of from 0
/// @param bias one value per column of C from `biasOffset` on, or null
/// @param relu replaces negative values by 0; a NaN stays
record Epilogue(boolean accumulate, float @Nullable [] bias, int biasOffset, boolean relu) {
  /// C = A B
  static final Epilogue STORE = new Epilogue(false, null, 0, false);

  /// C = C₀ + A B
  static final Epilogue ACCUMULATE = new Epilogue(true, null, 0, false);

  /// C = A B + bias, bias `[n]`
  static Epilogue bias(float[] bias, int offset) {
    return new Epilogue(false, bias, offset, false);
  }

  /// C = max(A B + bias, 0), bias `[n]`
  static Epilogue biasRelu(float[] bias, int offset) {
    return new Epilogue(false, bias, offset, true);
  }

  /// Adds the bias of the columns from `column` on to a block of C, and applies the activation.
  void finish(float[] c, int offset, int stride, int rows, int columns, int column) {
    if (bias == null && !relu) {
      return;
    }
    for (int i = 0; i < rows; i++) {
      int row = offset + i * stride;
      if (bias != null) {
        addBias(c, row, bias, biasOffset + column, columns);
      }
      if (relu) {
        relu(c, row, columns);
      }
    }
  }

  /// The same for one element, in the given column.
  float finish(float x, int column) {
    float y = bias == null ? x : x + bias[biasOffset + column];
    return relu && y <= 0 ? 0f : y;
  }

  private static void addBias(float[] c, int offset, float[] bias, int biasOffset, int n) {
    int j = 0;
    for (; j < Lanes.SPECIES.loopBound(n); j += Lanes.WIDTH) {
      FloatVector.fromArray(Lanes.SPECIES, c, offset + j)
          .add(FloatVector.fromArray(Lanes.SPECIES, bias, biasOffset + j))
          .intoArray(c, offset + j);
    }
    for (; j < n; j++) {
      c[offset + j] += bias[biasOffset + j];
    }
  }

  private static void relu(float[] c, int offset, int n) {
    int j = 0;
    for (; j < Lanes.SPECIES.loopBound(n); j += Lanes.WIDTH) {
      FloatVector x = FloatVector.fromArray(Lanes.SPECIES, c, offset + j);
      x.blend(0f, x.compare(VectorOperators.LE, 0f)).intoArray(c, offset + j);
    }
    for (; j < n; j++) {
      float x = c[offset + j];
      c[offset + j] = x <= 0 ? 0 : x;
    }
  }
}
