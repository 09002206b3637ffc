// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataSource;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;

/// `--data tasks-synthetic`: generated rows of two tasks that agree or disagree, in one scenario or in several that differ.
public final class TasksSource implements DataSource, RawGenerator {
  private static final String NAME = "tasks-synthetic";

  /// Changes when equal settings generate other rows, or other facts about them.
  private static final String LAW = "law 2\n";

  /// For `ServiceLoader`.
  public TasksSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: two labels whose laws correlate as data.correlation says, in data.scenarios"
        + " that agree as data.agreement says, known Bayes AUC; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = new TreeMap<>(GeneratedTable.presets());
    presets.putAll(Map.of("fields", "8", "values", "20", "strength", "2", "waves", "2"));
    presets.putAll(
        Map.of("correlation", "-0.5", "funnel", "false", "given", "false", "offset", "0"));
    presets.putAll(Map.of("scenarios", "1", "agreement", "0.5", "skew", "0.5"));
    return presets;
  }

  private GeneratedTable table(Map<String, String> given, long seed) {
    Settings s = Settings.of(this, given);
    return new GeneratedTable(
        new TasksGenerator(
            new TasksGenerator.Spec(
                s.integer("fields", 2),
                s.integer("values", 2),
                s.number("strength", 0, 1e3),
                s.integer("waves", 0),
                new TasksGenerator.Relation(
                    s.number("correlation", -1, 1),
                    new TasksGenerator.Funnel(
                        s.flag("funnel"), s.flag("given"), s.number("offset", -100, 100))),
                new TasksGenerator.Shift(
                    s.integer("scenarios", 1),
                    s.number("agreement", 0, 1),
                    s.number("skew", 1e-3, 1))),
            seed),
        LAW);
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    return table(request.settings(), request.seed()).open(this, request);
  }

  /// Writes a table for `--data csv`, and its schema file beside it.
  @Override
  public long generate(Path file, long rows, long seed, Map<String, String> settings) {
    return table(settings, seed).write(file, rows);
  }

  @Override
  public Encoder encoder(Path folder) {
    return CsvEncoder.load(folder);
  }
}
