// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Counter;
import org.gradus.tensor.RandomKernels;
import org.gradus.tensor.host.Floats;

/// Counter-based random numbers.
final class CpuRandom implements RandomKernels {
  private static final int COST = 4; // per number, a plain copy being 1

  private final Chunks chunks;

  CpuRandom(Chunks chunks) {
    this.chunks = chunks;
  }

  @Override
  public void uniform(Buffer y, long key, int n) {
    float[] to = Floats.of(y);
    chunks.rows(n, COST, (lo, hi) -> uniform(to, key, lo, hi));
  }

  private static void uniform(float[] y, long key, int from, int to) {
    for (int i = from; i < to; i++) {
      y[i] = Counter.uniform(key, i);
    }
  }

  @Override
  public void dropout(Buffer y, long key, double keep, int n) {
    float[] to = Floats.of(y);
    chunks.rows(n, COST, (lo, hi) -> dropout(to, key, keep, lo, hi));
  }

  private static void dropout(float[] y, long key, double keep, int from, int to) {
    int kept = Float.floatToRawIntBits((float) (1 / keep));
    // u < keep for the 24 bits of u as an integer, and the choice by bits: then the loop becomes
    // vectors.
    long limit = (long) Math.ceil(keep * 0x1p24);
    for (int i = from; i < to; i++) {
      int below = (int) (((Counter.bits(key, i) >>> 40) - limit) >> 63);
      y[i] = Float.intBitsToFloat(kept & below);
    }
  }
}
