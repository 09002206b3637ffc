// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.tensor.Counter;

/// The power of stations that follow the sun, hour by hour: exact zeros at night, a day, a week and a year in it, and noise.
///
/// ```
/// day_t   = max(0, sin(2π(t − 6)/24))
/// m_{k,t} = A_k (1 + 0.3 sin(2π t/8760)) w_t day_t            what would be without noise
/// y_{k,t} = 1(day_t > 0) max(0, m_{k,t} + σ ε_{k,t})          ε normal, A_k uniform in [½, 2)
/// ```
///
/// w_t is 1 on five days and 0.8 on two, t = 0 a Monday's first hour. Since the median of y is m wherever m > 0, no forecast has a
/// smaller expected absolute error than m.
///
/// @param stations how many
/// @param sigma σ
/// @param seed of sizes and noise
public record PowerStations(int stations, double sigma, long seed) {
  /// Name of what is measured.
  public static final String TARGET = "power";

  /// 2018-01-01T00:00Z, a Monday.
  public static final long START = 1_514_764_800L;

  /// Seconds.
  public static final long HOUR = 3600;

  private static final int YEAR = 8760;

  /// Checks the ranges.
  public PowerStations {
    if (stations < 1 || !(sigma >= 0)) {
      throw new IllegalArgumentException(
          "power stations: "
              + stations
              + " stations, sigma "
              + sigma
              + ". Expected at least one, and at least 0.");
    }
  }

  /// A_k.
  public double size(int station) {
    return 0.5 + 1.5 * Counter.uniform53(Counter.key(seed, "sizes of stations"), station);
  }

  /// m_{k,t}.
  public double withoutNoise(int station, long hour) {
    long weekday = hour / 24 % 7;
    double year = 1 + 0.3 * StrictMath.sin(2 * Math.PI * hour / YEAR);
    return size(station) * year * (weekday < 5 ? 1 : 0.8) * day(hour);
  }

  /// Above 0 from 7 to 17 o'clock; sin π would not be 0 exactly.
  private static double day(long hour) {
    long h = hour % 24;
    return h > 6 && h < 18 ? StrictMath.sin(2 * Math.PI * (h - 6) / 24) : 0;
  }

  /// y_{k,t}.
  public double power(int station, long hour) {
    double m = withoutNoise(station, hour);
    long key = Counter.key(Counter.key(seed, "noise of stations"), station);
    return m > 0 ? Math.max(0, m + sigma * Initializers.normalAt(key, hour)) : 0;
  }

  /// Every station over so many hours, with the calendar.
  public Panel panel(int hours) {
    List<TimeSeries> all = new ArrayList<>();
    for (int k = 0; k < stations; k++) {
      long[] times = new long[hours];
      double[] power = new double[hours];
      for (int t = 0; t < hours; t++) {
        times[t] = START + t * HOUR;
        power[t] = power(k, t);
      }
      all.add(new TimeSeries(name(k), times, new double[][] {power}));
    }
    return new Panel(List.of(TARGET), List.of(), HOUR, all).withCalendar();
  }

  private static final String STATION = "station-";

  private static String name(int station) {
    return STATION + (station + 1);
  }

  /// The number k of a station of this name.
  static int number(String name) {
    return Integer.parseInt(name.substring(STATION.length())) - 1;
  }
}
