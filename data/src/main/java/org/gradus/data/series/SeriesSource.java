// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;

/// `--data series --path FILE`: series of one or more stations from a table, for forecasts.
public final class SeriesSource implements DataSource {
  private static final String NAME = "series";

  /// For `ServiceLoader`.
  public SeriesSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "a table in CSV with the columns station, time and what was measured, for forecasts; the"
        + " path is the file";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = SeriesPreparation.presets();
    presets.put("target", ""); // the first column measured
    presets.put("interval", "3600");
    presets.put("fill", "0");
    presets.put("validPercent", "15");
    presets.put("testPercent", "15");
    return presets;
  }

  /// The last part of the time is the test, what comes before it validation.
  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path file = request.path();
    if (file == null) {
      throw new DataException("--data " + NAME + " needs --path: " + description() + ".");
    }
    long step = s.integer("interval", 1);
    int fill = s.integer("fill", 0);
    double testShare = s.number("testPercent", 0, 100) / 100;
    double validShare = s.number("validPercent", 0, 100) / 100;
    if (testShare + validShare >= 1) {
      throw new DataException(
          "--data series: data.testPercent="
              + s.text("testPercent")
              + " and data.validPercent="
              + s.text("validPercent")
              + " leave nothing to train on. Expected less than 100 together.");
    }
    Panel read = SeriesText.read(file, s.text("target"), step);
    checkInterval(file, read, fill);
    List<TimeSeries> regular =
        read.stations().stream()
            .map(station -> fill == 0 ? station : station.filledFromThePast(step, fill))
            .toList();
    SeriesPreparation preparation = SeriesPreparation.of(s, fill);
    Panel panel =
        preparation.chosen(new Panel(read.measured(), List.of(), step, regular)).withCalendar();
    long first = Long.MAX_VALUE;
    long last = Long.MIN_VALUE;
    for (TimeSeries station : panel.stations()) {
      first = Math.min(first, station.times()[0]);
      last = Math.max(last, station.times()[station.length() - 1]);
    }
    if (panel.stations().isEmpty()) {
      throw new DataException(file + ": no rows after the first line.");
    }
    long steps = (last - first) / step + 1;
    long test = first + step * Math.round(steps * (1 - testShare));
    long valid = first + step * Math.round(steps * (1 - testShare - validShare));
    return preparation.open(NAME, panel, valid, test, request.seed());
  }

  /// Fails where no time follows another by a step, or by as many as are filled: then there is no window, whatever its length.
  private static void checkInterval(Path file, Panel panel, int fill) {
    long least = Long.MAX_VALUE;
    for (TimeSeries s : panel.stations()) {
      for (int i = 1; i < s.length(); i++) {
        long apart = s.times()[i] - s.times()[i - 1];
        least = Math.min(least, apart);
        if (apart % panel.step() == 0 && apart / panel.step() <= fill + 1L) {
          return;
        }
      }
    }
    if (least < Long.MAX_VALUE) {
      throw new DataException(
          file
              + ": no two times of a station are data.interval="
              + panel.step()
              + " seconds apart; the closest are "
              + least
              + ". Expected the seconds from one line to the next.");
    }
  }

  @Override
  public Encoder encoder(Path folder) {
    return SeriesEncoder.load(folder);
  }
}
