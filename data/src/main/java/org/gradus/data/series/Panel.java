// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Stations that measure the same variables at the same rhythm.
///
/// @param measured names of variables of which only the past is known when a forecast is made; the first is the target
/// @param known names of variables that are known in advance, such as the calendar, in the rows behind the measured ones; they
/// come as a model shall see them and are not scaled
/// @param step seconds from one time to the next
/// @param stations each with a row per variable
public record Panel(
    List<String> measured, List<String> known, long step, List<TimeSeries> stations) {
  /// Copies the lists and checks that every station has every variable.
  public Panel {
    measured = List.copyOf(measured);
    known = List.copyOf(known);
    stations = List.copyOf(stations);
    if (measured.isEmpty() || step < 1) {
      throw new IllegalArgumentException(
          "panel: "
              + measured.size()
              + " measured variables, "
              + step
              + " seconds a step. Expected the target at least, and at least one second.");
    }
    for (TimeSeries s : stations) {
      if (s.values().length != measured.size() + known.size()) {
        throw new IllegalArgumentException(
            "panel: station "
                + s.name()
                + " has "
                + s.values().length
                + " variables. Expected "
                + (measured.size() + known.size())
                + ": "
                + measured
                + " and "
                + known
                + ".");
      }
    }
  }

  /// The name of what is to be predicted.
  public String target() {
    return measured.getFirst();
  }

  /// The same with the calendar of every time among what is known in advance.
  public Panel withCalendar() {
    List<String> names = new ArrayList<>(known);
    names.addAll(CalendarFeatures.NAMES);
    List<TimeSeries> with = new ArrayList<>();
    for (TimeSeries s : stations) {
      double[][] calendar = CalendarFeatures.of(s.times());
      double[][] values = new double[s.values().length + calendar.length][];
      System.arraycopy(s.values(), 0, values, 0, s.values().length);
      System.arraycopy(calendar, 0, values, s.values().length, calendar.length);
      with.add(new TimeSeries(s.name(), s.times(), values));
    }
    return new Panel(measured, names, step, with);
  }

  /// Every station with so many times behind its last one, at which nothing is measured or known yet.
  Panel longer(int steps) {
    List<TimeSeries> longer = new ArrayList<>();
    for (TimeSeries s : stations) {
      int n = s.length();
      if (n == 0) {
        longer.add(s); // no time to go on from
        continue;
      }
      long[] times = Arrays.copyOf(s.times(), n + steps);
      for (int i = n; i < times.length; i++) {
        times[i] = times[i - 1] + step;
      }
      double[][] values = new double[s.values().length][];
      for (int v = 0; v < values.length; v++) {
        values[v] = Arrays.copyOf(s.values()[v], times.length);
        Arrays.fill(values[v], n, times.length, Double.NaN);
      }
      longer.add(new TimeSeries(s.name(), times, values));
    }
    return new Panel(measured, known, step, longer);
  }

  /// Some of the stations: one of them for a model of its own, or a group.
  ///
  /// @param names in any order; theirs is that of the panel
  public Panel only(List<String> names) {
    List<String> all = stations.stream().map(TimeSeries::name).toList();
    for (String name : names) {
      if (!all.contains(name)) {
        throw new IllegalArgumentException(
            "panel: no station " + name + ". Expected some of: " + String.join(", ", all) + ".");
      }
    }
    List<TimeSeries> some = stations.stream().filter(s -> names.contains(s.name())).toList();
    return new Panel(measured, known, step, some);
  }
}
