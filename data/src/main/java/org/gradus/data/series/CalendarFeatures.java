// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;

/// Where a time stands in the day, the week and the year, as points on circles:
///
/// ```
/// (sin 2πx, cos 2πx)   with   x = hour / 24,   weekday / 7 (Monday is 0),   (day of the year − 1) / 365.25
/// ```
///
/// On a circle 23 o'clock is beside midnight, which a number from 0 to 23 does not say. All are known in advance.
public final class CalendarFeatures {
  /// Names of the six, in order.
  public static final List<String> NAMES =
      List.of("hour_sin", "hour_cos", "weekday_sin", "weekday_cos", "year_sin", "year_cos");

  private CalendarFeatures() {}

  /// `[6][N]` for times in seconds, in UTC.
  public static double[][] of(long[] times) {
    double[][] features = new double[NAMES.size()][times.length];
    for (int i = 0; i < times.length; i++) {
      LocalDateTime t = LocalDateTime.ofInstant(Instant.ofEpochSecond(times[i]), ZoneOffset.UTC);
      circle(features, 0, i, (t.getHour() + t.getMinute() / 60.0) / 24);
      circle(features, 2, i, (t.getDayOfWeek().getValue() - 1) / 7.0);
      circle(features, 4, i, (t.getDayOfYear() - 1) / 365.25);
    }
    return features;
  }

  private static void circle(double[][] features, int row, int i, double turn) {
    features[row][i] = StrictMath.sin(2 * Math.PI * turn);
    features[row + 1][i] = StrictMath.cos(2 * Math.PI * turn);
  }
}
