// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;

/// A buffer on the GPU: float, int or one byte an element.
record CudaBuffer(Kind kind, int length, GpuMemory memory) implements Buffer {
  static CudaBuffer of(Buffer buffer) {
    if (buffer instanceof CudaBuffer b) {
      return b;
    }
    throw new IllegalArgumentException(
        "cuda: "
            + buffer.getClass().getSimpleName()
            + ". Expected a buffer of the device whose kernel was called.");
  }

  static int bytes(Kind kind) {
    return kind == Kind.MASK ? 1 : 4;
  }

  @Override
  public boolean equals(Object other) {
    return this == other; // memory is itself, whatever it holds
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
