// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.series;

import com.google.common.base.Splitter;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataException;
import org.gradus.data.DataSet;
import org.gradus.data.DataSource;
import org.gradus.data.Settings;

/// From a panel to training, validation and test windows: split by time first, scalers fitted on the training rows, then windows.
///
/// @param windowing of training windows
/// @param evaluated stride of validation and test windows
/// @param rules how values are scaled
/// @param fill steps in a row that were filled from the past at most
/// @param settings what else was asked for
record SeriesPreparation(
    Windowing windowing, int evaluated, PanelScaler.Rules rules, int fill, Settings settings) {
  /// Settings of every source of series, each with its preset.
  static TreeMap<String, String> presets() {
    TreeMap<String, String> presets = new TreeMap<>();
    presets.put("steps", "168");
    presets.put("horizon", "24");
    presets.put("gap", "0");
    presets.put("stride", "5"); // no divisor of a day, so that windows begin at every hour
    presets.put("evalStride", ""); // the horizon
    presets.put("scaling", "mean");
    presets.put("otherScaling", "standard");
    presets.put("perStation", "true");
    presets.put("transform", "none");
    presets.put("epsilon", "1e-3");
    presets.put("purge", "0");
    presets.put("maxCosine", "1");
    presets.put("balanced", "false");
    presets.put("history", "true");
    presets.put("stations", ""); // all
    return presets;
  }

  static SeriesPreparation of(Settings s, int fill) {
    Windowing w =
        new Windowing(
            s.integer("steps", 1),
            s.integer("horizon", 1),
            s.integer("stride", 1),
            s.integer("gap", 0));
    TargetTransform.Kind kind = s.choice("transform", TargetTransform.Kind.class);
    return new SeriesPreparation(
        w,
        s.given("evalStride") ? s.integer("evalStride", 1) : w.horizon(),
        new PanelScaler.Rules(
            s.choice("scaling", Scaling.class),
            s.choice("otherScaling", Scaling.class),
            s.flag("perStation"),
            new TargetTransform(kind, s.number("epsilon", 0, 1e300))),
        fill,
        s);
  }

  /// The stations asked for.
  Panel chosen(Panel panel) {
    return settings.given("stations")
        ? panel.only(Splitter.on(',').trimResults().splitToList(settings.text("stations")))
        : panel;
  }

  /// The three parts.
  ///
  /// @param valid seconds; the first time of validation
  /// @param test seconds; the first time of the test
  /// @param seed of the windows that are drawn where stations are balanced
  DataSource.Opened open(String name, Panel panel, long valid, long test, long seed) {
    PanelScaler scaler = PanelScaler.fit(panel, rules, valid);
    WindowExamples none = new WindowExamples(panel, scaler, windowing, List.of());
    Windowing apart = windowing.every(evaluated);
    int purge = settings.integer("purge", 0);
    List<Window> train =
        Windows.of(panel, windowing, Targets.before(valid).purged(purge, panel.step()));
    double most = settings.number("maxCosine", -1, 1);
    if (most < 1) {
      train = Windows.distinct(train, none.scaledTargets(), windowing.steps(), most);
    }
    if (settings.flag("balanced")) {
      train = Windows.balanced(train, panel.stations().size(), seed);
    }
    WindowExamples learned = none.with(train);
    WindowExamples chosen = none.with(Windows.of(panel, apart, part(valid, test)));
    WindowExamples reported = none.with(Windows.of(panel, apart, part(test, Long.MAX_VALUE)));
    for (WindowExamples part : List.of(learned, chosen, reported)) {
      if (part.rows() == 0) {
        throw new DataException(
            "--data "
                + name
                + ": no window of "
                + windowing.span()
                + " steps in one of the parts. Expected longer series, or smaller data.steps,"
                + " data.horizon and data.gap.");
      }
    }
    DataSet set =
        new DataSet(
            name,
            none.schema(),
            learned,
            chosen,
            reported,
            Map.of(),
            fingerprint(panel, valid, test));
    return new DataSource.Opened(
        set, new SeriesEncoder(panel.measured(), panel.step(), fill, apart, scaler));
  }

  private Targets part(long from, long to) {
    Targets part = new Targets(from, to, true);
    return settings.flag("history") ? part : part.withoutHistory();
  }

  private String fingerprint(Panel panel, long valid, long test) {
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putString(settings.canonical(), StandardCharsets.UTF_8).putLong(valid).putLong(test);
    for (TimeSeries s : panel.stations()) {
      hasher.putString(s.name(), StandardCharsets.UTF_8).putInt(s.length());
      for (long t : s.times()) {
        hasher.putLong(t);
      }
      for (double[] variable : s.values()) {
        for (double x : variable) {
          hasher.putDouble(x);
        }
      }
    }
    return hasher.hash().toString();
  }
}
