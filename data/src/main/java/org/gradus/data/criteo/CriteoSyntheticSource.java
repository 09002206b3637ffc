// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.NewFile;
import org.gradus.data.RawGenerator;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;

/// `--data criteo-synthetic`: generated rows in the shape of Criteo's, the default of every command.
public final class CriteoSyntheticSource implements DataSource, RawGenerator {
  private static final String NAME = "criteo-synthetic";

  /// For `ServiceLoader`.
  public CriteoSyntheticSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "generated: 13 integers, 26 power-law columns, planted interactions, known Bayes AUC;"
        + " needs no path";
  }

  @Override
  public Map<String, String> settings() {
    CriteoGenerator.Spec spec = CriteoGenerator.Spec.PRESET;
    return new TreeMap<>(
        Map.of(
            "rows", "500000",
            "validRows", "30000",
            "testRows", "60000",
            "vocabularyScale", "" + spec.vocabularyScale(),
            "skew", "" + spec.skew(),
            "noise", "" + spec.noise(),
            "minCount", "0",
            "hash", "0"));
  }

  /// What the settings ask the generator for.
  static CriteoGenerator.Spec spec(Settings s, long seed) {
    return new CriteoGenerator.Spec(
        s.number("vocabularyScale", 1e-3, 1e6),
        s.number("skew", 0, 10),
        s.number("noise", 1e-3, 1e3),
        seed);
  }

  @Override
  public Opened open(Request request) {
    request.refusePath(NAME);
    Settings s = Settings.of(this, request.settings());
    CriteoGenerator.Spec spec = spec(s, request.seed());
    long train = s.integer("rows", 1);
    long valid = s.integer("validRows", 0);
    long rows = train + valid + s.integer("testRows", 1);
    CriteoOptions options =
        new CriteoOptions(
            DenseTransform.logShift(3),
            s.integer("minCount", 0),
            s.integer("hash", 0),
            false,
            BadRows.Policy.FAIL);
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, request.seed(), List.of()),
            building -> {
              request.progress().accept("generating " + rows + " rows");
              PreparedFolder.writeFacts(
                  building,
                  new CriteoPreparation(
                          work ->
                              new GeneratedBlocks(new CriteoGenerator(spec, 0, rows), rows, work),
                          (_, row) ->
                              row < train
                                  ? Split.TRAIN
                                  : row < train + valid ? Split.VALID : Split.TEST,
                          false,
                          null,
                          () -> new DataException(NAME + ": no training rows."))
                      .run(building, options, request.progress()));
            });
    return new Opened(folder.open(NAME), CriteoEncoder.load(folder.path()));
  }

  @Override
  public long generate(Path file, long rows, long seed, Map<String, String> settings) {
    NewFile.check(file);
    return CriteoText.write(
        file, new CriteoGenerator(spec(Settings.of(this, settings), seed), 0, rows));
  }

  @Override
  public Encoder encoder(Path folder) {
    return CriteoEncoder.load(folder);
  }
}
