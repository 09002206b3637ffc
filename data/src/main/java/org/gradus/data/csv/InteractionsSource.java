// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.DataSource;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;

/// `--data interactions-synthetic`: generated rows that hold interactions of one order alone, to see which models can express it.
public final class InteractionsSource implements DataSource, RawGenerator {
  private static final String NAME = "interactions-synthetic";

  /// Changes when equal settings generate other rows.
  private static final String LAW = "law 1\n";

  /// For `ServiceLoader`.
  public InteractionsSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: products of so many fields as data.order says, and nothing else, known Bayes"
        + " AUC; needs no path";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = new TreeMap<>(GeneratedTable.presets());
    presets.putAll(Map.of("order", "3", "fields", "6", "values", "6", "strength", "2"));
    return presets;
  }

  private GeneratedTable table(Map<String, String> given, long seed) {
    Settings s = Settings.of(this, given);
    return new GeneratedTable(
        new InteractionsGenerator(
            new InteractionsGenerator.Spec(
                s.integer("order", 1),
                s.integer("fields", 1),
                s.integer("values", 2),
                s.number("strength", 0, 1e3)),
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
