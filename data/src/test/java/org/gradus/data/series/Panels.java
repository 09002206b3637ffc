// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.Arrays;
import java.util.List;

/// Small panels for tests. Hours count from the start of 2018, a Monday.
final class Panels {
  private Panels() {}

  static long hour(long t) {
    return PowerStations.START + t * PowerStations.HOUR;
  }

  /// One station whose target at hour t is t.
  static Panel counting(int hours) {
    double[] y = new double[hours];
    Arrays.setAll(y, t -> t);
    return of(y);
  }

  /// A station per row, from hour 0.
  static Panel of(double[]... targets) {
    TimeSeries[] stations = new TimeSeries[targets.length];
    for (int k = 0; k < targets.length; k++) {
      long[] times = new long[targets[k].length];
      Arrays.setAll(times, Panels::hour);
      stations[k] = new TimeSeries("s" + k, times, new double[][] {targets[k]});
    }
    return new Panel(List.of("power"), List.of(), PowerStations.HOUR, List.of(stations));
  }

  /// Everything, predicted from everything before.
  static List<Window> all(Panel panel, Windowing w) {
    return Windows.of(panel, w, Targets.since(Long.MIN_VALUE));
  }
}
