// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.cpu;

import java.util.Arrays;

/// Sorts ids with their places and groups equal ones: a radix sort from the lowest digit, which keeps the order of places
/// within a group. Only the bits that `bound` leaves open are sorted.
///
/// A pass counts the digits of each part, turns the counts into starting places (digit by digit, part by part within a
/// digit), and moves each part by itself. The result does not depend on the cut.
final class Merge {
  /// Widest digit: 2¹¹ counters are 8 KiB and stay in the first cache.
  private static final int MAX_DIGIT = 11;

  /// Ids whose sort may be cut; a shorter list is one part.
  private static final int PART = 1 << 15;

  private final Chunks chunks;
  private long[] pairs = new long[0]; // id above, place below
  private long[] moved = new long[0];
  private int[] counts = new int[0];
  private int n;

  Merge(Chunks chunks) {
    this.chunks = chunks;
  }

  /// Takes `ids[from … to)`, each below `bound`, and sorts them.
  void read(int[] ids, int from, int to, int bound) {
    n = to - from;
    if (pairs.length < n) {
      pairs = new long[Math.max(n, 2 * pairs.length)];
      moved = new long[pairs.length];
    }
    pack(pairs, ids, from, n);
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, bound - 1));
    int passes = (bits + MAX_DIGIT - 1) / MAX_DIGIT;
    int width = passes == 0 ? 0 : (bits + passes - 1) / passes;
    for (int pass = 0; pass < passes; pass++) {
      sort(n, Integer.SIZE + pass * width, width);
      long[] swap = pairs;
      pairs = moved;
      moved = swap;
    }
  }

  /// Groups what was read: the starts of groups into `segments[first …)`, places into `order[at …)`, counted as `ids` is.
  ///
  /// @return the number of groups
  int group(int[] rows, int[] segments, int first, int[] order, int at) {
    return group(rows, segments, first, order, at, pairs, n);
  }

  private static void pack(long[] pairs, int[] ids, int from, int n) {
    for (int i = 0; i < n; i++) {
      pairs[i] = ((long) ids[from + i] << Integer.SIZE) | (from + i);
    }
  }

  /// One pass: from `pairs` to `moved`, by the digit of `width` bits above `shift`.
  private void sort(int n, int shift, int width) {
    int digits = 1 << width;
    int parts = n < 2 * PART ? 1 : (n + PART - 1) / PART;
    if (counts.length < parts * digits) {
      counts = new int[parts * digits];
    }
    Arrays.fill(counts, 0, parts * digits, 0);
    if (parts == 1) { // most lists: nothing is made for them
      count(counts, 0, pairs, shift, 0, n, digits);
      starts(counts, 1, digits);
      move(moved, counts, 0, pairs, shift, 0, n, digits);
    } else {
      sortParts(n, shift, digits, parts);
    }
  }

  private void sortParts(int n, int shift, int digits, int parts) {
    long[] from = pairs;
    long[] to = moved;
    int[] count = counts;
    chunks.rows(
        parts,
        2L * PART,
        (lo, hi) -> {
          for (int p = lo; p < hi; p++) {
            count(count, p * digits, from, shift, p * PART, Math.min(n, (p + 1) * PART), digits);
          }
        });
    starts(count, parts, digits);
    chunks.rows(
        parts,
        2L * PART,
        (lo, hi) -> {
          for (int p = lo; p < hi; p++) {
            move(to, count, p * digits, from, shift, p * PART, Math.min(n, (p + 1) * PART), digits);
          }
        });
  }

  private static void count(
      int[] counts, int at, long[] pairs, int shift, int from, int to, int digits) {
    for (int i = from; i < to; i++) {
      counts[at + (int) (pairs[i] >>> shift & digits - 1)]++;
    }
  }

  private static void starts(int[] counts, int parts, int digits) {
    int next = 0;
    for (int d = 0; d < digits; d++) {
      for (int at = d; at < parts * digits; at += digits) {
        int count = counts[at];
        counts[at] = next;
        next += count;
      }
    }
  }

  private static void move(
      long[] moved, int[] next, int at, long[] pairs, int shift, int from, int to, int digits) {
    for (int i = from; i < to; i++) {
      long pair = pairs[i];
      moved[next[at + (int) (pair >>> shift & digits - 1)]++] = pair;
    }
  }

  private static int group(
      int[] rows, int[] segments, int first, int[] order, int at, long[] pairs, int n) {
    int count = 0;
    int last = -1;
    for (int i = 0; i < n; i++) {
      long pair = pairs[i];
      int id = (int) (pair >>> Integer.SIZE);
      order[at + i] = (int) pair;
      if (id != last) {
        rows[count] = id;
        segments[first + count++] = at + i;
        last = id;
      }
    }
    segments[first + count] = at + n;
    return count;
  }
}
