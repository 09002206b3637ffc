// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.LayoutKernels;
import org.gradus.tensor.host.Flags;
import org.gradus.tensor.host.Floats;
import org.gradus.tensor.host.Ints;

/// Copies between contiguous blocks and strided views. `INT` and `MASK`, which are small, go row by row on one thread.
final class CpuLayout implements LayoutKernels {
  private final Chunks chunks;

  CpuLayout(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void read(Buffer y, Buffer x, View view) {
    int n = view.elements();
    if (n == 0) {
      return;
    }
    Strided strided = Strided.of(view);
    if (x.kind() != Kind.REAL) {
      strided.read(array(y), array(x));
      return;
    }
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    if (strided.transposes()) {
      chunks.rows(
          strided.strips(), strided.stripCost(), (lo, hi) -> strided.transpose(to, from, lo, hi));
    } else {
      chunks.rows(n, 1, (lo, hi) -> strided.read(to, lo, from, lo, hi));
    }
  }

  @Override
  public void write(Buffer y, Buffer x, View view) {
    int n = view.elements();
    if (n == 0) {
      return;
    }
    Strided strided = Strided.of(view);
    if (x.kind() != Kind.REAL) {
      strided.write(array(y), array(x));
      return;
    }
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    chunks.rows(n, 1, (lo, hi) -> strided.write(to, from, lo, hi));
  }

  @Override
  public void add(Buffer y, Buffer x, View view) {
    int n = view.elements();
    if (n == 0) {
      return;
    }
    Strided strided = Strided.of(view);
    float[] to = Floats.of(y);
    float[] from = Floats.of(x);
    if (strided.outermostIsDisjoint()) {
      int each = n / strided.outermost();
      chunks.rows(
          strided.outermost(), each, (lo, hi) -> strided.add(to, from, lo * each, hi * each));
    } else {
      strided.add(to, from, 0, n);
    }
  }

  private static Object array(Buffer buffer) {
    return switch (buffer.kind()) {
      case REAL -> Floats.of(buffer);
      case INT -> Ints.of(buffer);
      case MASK -> Flags.of(buffer);
    };
  }

  @Override
  public void multiples(Buffer yb, int step, int n) {
    int[] y = Ints.of(yb);
    for (int i = 0; i < n; i++) {
      y[i] = i * step;
    }
  }
}
