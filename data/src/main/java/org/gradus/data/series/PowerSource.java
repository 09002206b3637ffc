// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import java.nio.file.Path;
import java.util.Map;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Examples;
import org.gradus.data.NewFile;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;

/// `--data power-synthetic`: a year of hourly power of several stations, and two months to predict.
public final class PowerSource implements DataSource, RawGenerator {
  private static final String NAME = "power-synthetic";

  /// For `ServiceLoader`.
  public PowerSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: hourly power of stations that follow the sun, with a day, a week, a year and"
        + " noise, for forecasts; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = SeriesPreparation.presets();
    presets.put("generated", "10");
    presets.put("sigma", "0.1");
    presets.put("hours", "8760");
    presets.put("validHours", "1416");
    presets.put("testHours", "1416");
    return presets;
  }

  /// The validation hours are the last of the year, the test hours come after it.
  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    int hours = s.integer("hours", 1);
    int validHours = s.integer("validHours", 1);
    int testHours = s.integer("testHours", 1);
    PowerStations stations = stations(s, request.seed());
    request
        .progress()
        .accept(
            "generating " + (hours + testHours) + " hours of " + s.text("generated") + " stations");
    SeriesPreparation preparation = SeriesPreparation.of(s, 0);
    Panel panel = preparation.chosen(stations.panel(hours + testHours));
    long test = PowerStations.START + hours * PowerStations.HOUR;
    long valid = test - validHours * PowerStations.HOUR;
    Opened opened = preparation.open(NAME, panel, valid, test, request.seed());
    DataSet set = opened.data();
    Map<String, Double> facts = Map.of("noiseless_mae", withoutNoise(stations, set.test()));
    return new Opened(
        new DataSet(
            NAME, set.schema(), set.train(), set.valid(), set.test(), facts, set.fingerprint()),
        opened.encoder());
  }

  /// What a forecast of the law without its noise errs by on these windows: none is expected to err less.
  private static double withoutNoise(PowerStations law, Examples rows) {
    if (!(rows instanceof WindowExamples windows)) {
      return Double.NaN;
    }
    double sum = 0;
    long n = 0;
    for (Window w : windows.windows()) {
      TimeSeries s = windows.panel().stations().get(w.station());
      double[] y = windows.observed(w);
      for (int j = 0; j < y.length; j++) {
        long hour = (s.times()[w.firstTarget() + j] - PowerStations.START) / PowerStations.HOUR;
        sum += Math.abs(y[j] - law.withoutNoise(PowerStations.number(s.name()), hour));
        n++;
      }
    }
    return sum / n;
  }

  private static PowerStations stations(Settings s, long seed) {
    return new PowerStations(s.integer("generated", 1), s.number("sigma", 0, 1e6), seed);
  }

  /// Writes a table for `--data series`, as many hours of every station as there are whole ones.
  @Override
  public long generate(Path file, long rows, long seed, Map<String, String> settings) {
    NewFile.check(file);
    PowerStations stations = stations(Settings.of(this, settings), seed);
    int hours = Math.toIntExact(Math.max(1, rows / stations.stations()));
    return SeriesText.write(file, stations.panel(hours));
  }

  @Override
  public Encoder encoder(Path folder) {
    return SeriesEncoder.load(folder);
  }
}
