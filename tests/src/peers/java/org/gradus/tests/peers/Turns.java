// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Lets sides take turns, so that whatever slows the machine down for a while slows them all.
///
/// @param warmUp seconds of each side before the first turn
/// @param seconds of each side that count
/// @param rounds turns of each side
record Turns(double warmUp, double seconds, int rounds) {
  /// What the threads of the side before may still spin: calls in this time after a change do not count.
  private static final double SETTLE = 0.02;

  /// Times of the calls of one side.
  ///
  /// @param calls number of calls that count
  /// @param low the tenth part is faster, in seconds
  /// @param median in seconds
  /// @param high the tenth part is slower, in seconds
  record Times(int calls, double low, double median, double high) {
    static Times of(List<Double> seconds) {
      double[] v = seconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
      int n = v.length;
      return new Times(n, v[n / 10], 0.5 * (v[(n - 1) / 2] + v[n / 2]), v[n - 1 - n / 10]);
    }
  }

  /// Runs the sides in turn.
  ///
  /// @param torch where those of libtorch run; null when there are none
  Map<String, Times> run(List<Side> sides, @Nullable Torch torch) {
    Map<String, List<Double>> all = new LinkedHashMap<>();
    for (Side s : sides) {
      slice(s, warmUp, torch);
      all.put(s.name(), new ArrayList<>());
    }
    for (int round = 0; round < rounds; round++) {
      for (Side s : sides) {
        for (double t : slice(s, seconds / rounds, torch)) {
          all.computeIfAbsent(s.name(), _ -> new ArrayList<>()).add(t);
        }
      }
    }
    Map<String, Times> times = new LinkedHashMap<>();
    all.forEach((name, seconds) -> times.put(name, Times.of(seconds)));
    return times;
  }

  private static double[] slice(Side side, double seconds, @Nullable Torch torch) {
    if (!side.torch()) {
      return calls(side.call(), seconds);
    }
    if (torch == null) {
      throw new IllegalArgumentException("turns: " + side + " without libtorch.");
    }
    return torch.call(() -> calls(() -> Torch.scoped(side.call()), seconds));
  }

  /// Seconds of each call, at least three, after those of the settling.
  private static double[] calls(Runnable call, double seconds) {
    long begun = System.nanoTime();
    do {
      call.run();
    } while (System.nanoTime() - begun < SETTLE * 1e9);
    double[] times = new double[1 << 16];
    int n = 0;
    begun = System.nanoTime();
    do {
      long t = System.nanoTime();
      call.run();
      times[n++] = (System.nanoTime() - t) * 1e-9;
    } while ((System.nanoTime() - begun < seconds * 1e9 || n < 3) && n < times.length);
    return Arrays.copyOf(times, n);
  }
}
