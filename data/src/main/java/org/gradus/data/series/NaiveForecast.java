// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.Locale;

/// Forecasts without parameters, that any model must beat. They read what came up to the last value that the window sees, however far
/// back.
public enum NaiveForecast implements Forecaster {
  /// the last value seen
  LAST_VALUE,
  /// the value a day before, or as many days before as it takes to be in the past
  SEASONAL_DAY,
  /// the same with weeks
  SEASONAL_WEEK,
  /// the mean at the same time of the day over the seven days seen last
  SAME_HOUR_MEAN;

  private static final long DAY = 86_400;
  private static final int WEEK = 7;

  @Override
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  @Override
  public double[] forecast(WindowExamples examples, Window window) {
    TimeSeries s = examples.panel().stations().get(window.station());
    int day = Math.toIntExact(Math.max(1, DAY / examples.panel().step()));
    int last = window.start() + examples.windowing().steps() - 1;
    double[] forecast = new double[examples.windowing().horizon()];
    for (int j = 0; j < forecast.length; j++) {
      int at = window.firstTarget() + j;
      forecast[j] =
          switch (this) {
            case LAST_VALUE -> s.target()[last];
            case SEASONAL_DAY -> value(s, before(at, day, last));
            case SEASONAL_WEEK -> value(s, before(at, WEEK * day, last));
            case SAME_HOUR_MEAN -> mean(s, before(at, day, last), day);
          };
    }
    return forecast;
  }

  /// The latest place that is whole seasons before one and not behind the last place seen.
  private static int before(int at, int season, int last) {
    int seasons = Math.max(1, (at - last + season - 1) / season);
    return at - seasons * season;
  }

  private static double value(TimeSeries s, int place) {
    return place < 0 ? Double.NaN : s.target()[place];
  }

  private static double mean(TimeSeries s, int place, int day) {
    double sum = 0;
    for (int d = 0; d < WEEK; d++) {
      sum += value(s, place - d * day);
    }
    return sum / WEEK;
  }
}
