// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.time.Instant;
import java.util.Arrays;

/// What was measured at one station, in the order of time.
///
/// @param name of the station
/// @param times `[N]`, seconds since 1970-01-01T00:00Z, rising
/// @param values `[V][N]`, a row per variable of the [Panel], the target first; NaN where nothing was measured
public record TimeSeries(String name, long[] times, double[][] values) {
  private static final long MOST_FILLED = 1_000_000; // beside ten times as many as there are

  /// Checks order and lengths.
  public TimeSeries {
    for (int i = 1; i < times.length; i++) {
      if (times[i] <= times[i - 1]) {
        throw new IllegalArgumentException(
            "series "
                + name
                + ": time "
                + times[i]
                + " in place "
                + i
                + " after "
                + times[i - 1]
                + ". Expected rising times, each once.");
      }
    }
    for (double[] variable : values) {
      if (variable.length != times.length) {
        throw new IllegalArgumentException(
            "series "
                + name
                + ": "
                + variable.length
                + " values at "
                + times.length
                + " times. Expected one each.");
      }
    }
  }

  /// N, the number of times.
  public int length() {
    return times.length;
  }

  /// What is to be predicted, `[N]`.
  public double[] target() {
    return values[0];
  }

  /// The first place whose time is not before this one; N when there is none.
  int placeOf(long time) {
    int found = Arrays.binarySearch(times, time);
    return found >= 0 ? found : -found - 1;
  }

  /// What was measured of the target at a time; NaN where that is none of the times.
  double targetAt(long time) {
    int found = Arrays.binarySearch(times, time);
    return found >= 0 ? target()[found] : Double.NaN;
  }

  /// The same up to the last time at which every variable was measured.
  TimeSeries upToTheLastMeasured() {
    int n = times.length;
    while (n > 0 && !isComplete(n - 1)) {
      n--;
    }
    double[][] first = new double[values.length][];
    for (int v = 0; v < first.length; v++) {
      first[v] = Arrays.copyOf(values[v], n);
    }
    return new TimeSeries(name, Arrays.copyOf(times, n), first);
  }

  /// Whether every variable was measured at a place.
  boolean isComplete(int place) {
    for (double[] variable : values) {
      if (!Double.isFinite(variable[place])) {
        return false;
      }
    }
    return true;
  }

  /// The same with each missing time put in and each missing value replaced by the last one before it. What comes after a place
  /// never decides about it. A value missing at the start stays so.
  ///
  /// @param step seconds from one time to the next
  /// @param longest steps in a row that are filled at most; the rest of a longer gap stays missing
  public TimeSeries filledFromThePast(long step, int longest) {
    if (times.length == 0) {
      return this;
    }
    for (long time : times) {
      if ((time - times[0]) % step != 0) {
        throw new IllegalArgumentException(
            "series "
                + name
                + ": time "
                + time
                + " is no whole number of steps of "
                + step
                + " seconds after the first, "
                + times[0]
                + ". Expected a regular clock.");
      }
    }
    long whole = (times[times.length - 1] - times[0]) / step + 1;
    if (whole > MOST_FILLED + 10L * times.length) {
      throw new IllegalArgumentException(
          "series "
              + name
              + ": "
              + times.length
              + " times from "
              + Instant.ofEpochSecond(times[0])
              + " to "
              + Instant.ofEpochSecond(times[times.length - 1])
              + " would be "
              + whole
              + " with every missing one put in. Expected at most ten times as many and "
              + MOST_FILLED
              + "; is one of them wrong?");
    }
    int n = Math.toIntExact(whole);
    long[] regular = new long[n];
    double[][] filled = new double[values.length][n];
    for (double[] variable : filled) {
      Arrays.fill(variable, Double.NaN);
    }
    for (int i = 0; i < n; i++) {
      regular[i] = times[0] + i * step;
      int from = Arrays.binarySearch(times, regular[i]);
      for (int v = 0; v < values.length && from >= 0; v++) {
        filled[v][i] = values[v][from];
      }
    }
    for (double[] variable : filled) {
      int since = 0;
      for (int i = 1; i < n; i++) {
        since = Double.isNaN(variable[i]) ? since + 1 : 0;
        if (since > 0 && since <= longest) {
          variable[i] = variable[i - 1];
        }
      }
    }
    return new TimeSeries(name, regular, filled);
  }
}
