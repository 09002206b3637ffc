// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

/// Cuts the work of a kernel into chunks and hands them to the workers.
///
/// Where the cuts lie depends on sizes alone, never on the number of threads, so that a kernel which adds up
/// within a chunk gives the same bits everywhere. Small work is not cut at all.
final class Chunks {
  /// The work of a chunk, counted in numbers touched once: some five to ten microseconds.
  static final int GRAIN = 1 << 14;

  /// Blocks of 16 that a body gets at a time: 512 numbers.
  private static final int AT_ONCE = 32;

  private final Workers workers;
  private final int grain;
  private final ThreadLocal<float[]> scratch = ThreadLocal.withInitial(() -> new float[1 << 12]);

  /// Cuts of `grain`, which is [#GRAIN] but in tests that want small work cut too.
  Chunks(Workers workers, int grain) {
    this.workers = workers;
    this.grain = grain;
  }

  /// What is done to items `from … to−1`.
  interface Range {
    void run(int from, int to);
  }

  /// What is done to items `from … to−1`, which are part number `part` of all.
  interface Part {
    void run(int part, int from, int to);
  }

  /// Elements 0 … n−1 in whole blocks of 16, the padding of the last one included. `cost` is the work per element,
  /// 1 for a plain copy or sum.
  ///
  /// A body gets a few blocks at a time. A loop is compiled after it was entered some hundred times, however long it is, and until
  /// then its vectors are objects: over a whole chunk it would be entered once or twice in a step.
  void blocks(int n, int cost, Range body) {
    int blocks = (n + Lanes.LANES - 1) / Lanes.LANES;
    long ofBlock = (long) Lanes.LANES * cost;
    if (count(blocks, ofBlock) > 1) {
      rows(blocks, ofBlock, (from, to) -> some(from, to, body));
    } else {
      some(0, blocks, body);
    }
  }

  private static void some(int from, int to, Range body) {
    for (int at = from; at < to; at += AT_ONCE) {
      body.run(at * Lanes.LANES, Math.min(to, at + AT_ONCE) * Lanes.LANES);
    }
  }

  /// Items 0 … rows−1, each costing as much as touching `cost` numbers.
  void rows(int rows, long cost, Range body) {
    int parts = count(rows, cost);
    if (parts == 1) {
      body.run(0, rows);
    } else if (parts > 1) {
      int size = size(cost);
      workers.run(parts, c -> body.run(c * size, end(rows, c, size)));
    }
  }

  /// As [#rows], for sums: each part keeps its own, and the caller adds the parts in order.
  void parts(int rows, long cost, Part body) {
    int parts = count(rows, cost);
    if (parts == 1) {
      body.run(0, 0, rows);
    } else if (parts > 1) {
      int size = size(cost);
      workers.run(parts, c -> body.run(c, c * size, end(rows, c, size)));
    }
  }

  private static int end(int rows, int part, int size) {
    return (int) Math.min(rows, (part + 1L) * size);
  }

  /// Number of parts into which so many items of that cost are cut; 0 when there are none.
  int count(int rows, long cost) {
    if (rows <= 0) {
      return 0;
    }
    if (rows * cost <= 2L * grain) {
      return 1;
    }
    int size = size(cost);
    return (int) ((rows + (long) size - 1) / size);
  }

  private int size(long cost) {
    return (int) Math.max(1, grain / Math.max(1, cost));
  }

  /// At least n floats of the calling thread, with anything in them, until it asks again.
  float[] scratch(int n) {
    float[] s = scratch.get();
    if (s.length < n) {
      s = new float[Math.max(n, 2 * s.length)];
      scratch.set(s);
    }
    return s;
  }
}
