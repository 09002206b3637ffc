// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.tensor.Counter;

/// Cuts windows. None crosses the end of a station, a missing time or value, or the border of a part: all that a window predicts
/// belongs to one part, and what it sees comes before.
public final class Windows {
  private Windows() {}

  /// The windows that predict a part of the time, station by station, each in the order of time. After a gap they start anew.
  public static List<Window> of(Panel panel, Windowing w, Targets part) {
    List<Window> found = new ArrayList<>();
    for (int k = 0; k < panel.stations().size(); k++) {
      TimeSeries s = panel.stations().get(k);
      int first = s.placeOf(part.from());
      int end = s.placeOf(part.to());
      int from = part.history() ? 0 : first;
      while (from < end) {
        int to = endOfRun(s, panel.step(), from, end);
        int target = Math.max(first, from + w.steps() + w.gap());
        for (; target + w.horizon() <= to; target += w.stride()) {
          found.add(new Window(k, target - w.gap() - w.steps(), target));
        }
        from = to == from ? from + 1 : to;
      }
    }
    return List.copyOf(found);
  }

  /// One window for each station whose last values are there: it sees them, and predicts what lies behind the last one.
  public static List<Window> next(Panel panel, Windowing w) {
    List<Window> found = new ArrayList<>();
    for (int k = 0; k < panel.stations().size(); k++) {
      TimeSeries s = panel.stations().get(k);
      int start = s.length() - w.steps();
      if (start >= 0 && endOfRun(s, panel.step(), start, s.length()) == s.length()) {
        found.add(new Window(k, start, s.length() + w.gap()));
      }
    }
    return List.copyOf(found);
  }

  /// Where the places end that follow each other without a missing time or value; `from` itself when it misses one.
  private static int endOfRun(TimeSeries s, long step, int from, int end) {
    int to = from;
    while (to < end
        && s.isComplete(to)
        && (to == from || s.times()[to] == s.times()[to - 1] + step)) {
      to++;
    }
    return to;
  }

  /// Leaves out a window whose inputs point the same way as those of the last one kept of its station: neighbours that share most of
  /// their values hardly teach anything new.
  ///
  /// @param values `[station][N]`, the target as a model sees it
  /// @param steps s
  /// @param maxCosine ⟨x, x′⟩ / (‖x‖ ‖x′‖) above which a window is left out
  public static List<Window> distinct(
      List<Window> windows, float[][] values, int steps, double maxCosine) {
    List<Window> kept = new ArrayList<>();
    for (Window w : windows) {
      Window last = kept.isEmpty() ? null : kept.getLast();
      if (last == null
          || last.station() != w.station()
          || cosine(values[w.station()], last.start(), w.start(), steps) <= maxCosine) {
        kept.add(w);
      }
    }
    return List.copyOf(kept);
  }

  private static double cosine(float[] x, int a, int b, int steps) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < steps; i++) {
      dot += (double) x[a + i] * x[b + i];
      aa += (double) x[a + i] * x[a + i];
      bb += (double) x[b + i] * x[b + i];
    }
    return aa == 0 || bb == 0 ? (aa == bb ? 1 : 0) : dot / Math.sqrt(aa * bb);
  }

  /// As many windows of every station as the one with the fewest has, drawn without repetition: no station counts more because it
  /// was measured longer.
  ///
  /// @param stations number of stations
  public static List<Window> balanced(List<Window> windows, int stations, long seed) {
    int[] counts = new int[stations];
    windows.forEach(w -> counts[w.station()]++);
    int least = Arrays.stream(counts).filter(n -> n > 0).min().orElse(0);
    List<Window> kept = new ArrayList<>();
    int[] left = counts.clone();
    int[] wanted = new int[stations];
    Arrays.fill(wanted, least);
    for (int i = 0; i < windows.size(); i++) {
      int k = windows.get(i).station();
      // each window with the chance of those still wanted among those still to come
      if (Counter.below(Counter.key(seed, k), i, left[k]) < wanted[k]) {
        kept.add(windows.get(i));
        wanted[k]--;
      }
      left[k]--;
    }
    return List.copyOf(kept);
  }
}
