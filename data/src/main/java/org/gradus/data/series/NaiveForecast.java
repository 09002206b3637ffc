// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.Locale;

/// Forecasts without parameters, that any model must beat. They read what came up to the last value that the window sees, however far
/// back, and find it by its time: where nothing was measured a season before, there is no forecast.
public enum NaiveForecast implements Forecaster {
  /// the last value seen
  LAST_VALUE,
  /// the value a day before, or as many days before as it takes to be in the past
  SEASONAL_DAY,
  /// the same with weeks
  SEASONAL_WEEK,
  /// the mean at the same time of the day over the seven days seen last
  SAME_HOUR_MEAN;

  private static final long DAY = 86_400; // seconds
  private static final int WEEK = 7;

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  @Override
  public double[] forecast(WindowExamples examples, Window window) {
    TimeSeries s = examples.panel().stations().get(window.station());
    long step = examples.panel().step();
    long day = Math.max(1, DAY / step) * step; // a whole number of steps
    int last = window.start() + examples.windowing().steps() - 1;
    long seen = s.times()[last];
    double[] forecast = new double[examples.windowing().horizon()];
    for (int j = 0; j < forecast.length; j++) {
      long at = s.times()[window.firstTarget()] + j * step;
      forecast[j] =
          switch (this) {
            case LAST_VALUE -> s.target()[last];
            case SEASONAL_DAY -> s.targetAt(before(at, day, seen));
            case SEASONAL_WEEK -> s.targetAt(before(at, WEEK * day, seen));
            case SAME_HOUR_MEAN -> mean(s, before(at, day, seen), day);
          };
    }
    return forecast;
  }

  /// The latest time that is whole seasons before one and not behind the last time seen.
  private static long before(long at, long season, long seen) {
    long seasons = Math.max(1, (at - seen + season - 1) / season);
    return at - seasons * season;
  }

  private static double mean(TimeSeries s, long time, long day) {
    double sum = 0;
    for (int d = 0; d < WEEK; d++) {
      sum += s.targetAt(time - d * day);
    }
    return sum / WEEK;
  }
}
