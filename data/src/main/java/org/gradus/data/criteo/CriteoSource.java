// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.gradus.data.BadRows;
import org.gradus.data.DataException;
import org.gradus.data.DataSource;
import org.gradus.data.GrowFrom;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.data.prepared.PreparedFolder;
import org.gradus.tensor.Counter;

/// `--data criteo --path FILE` (the Kaggle challenge) or `--path FOLDER` (the 24 days).
///
/// One file is split by order or by a hash of the row's number. Of a folder, the last day is held out.
public final class CriteoSource implements DataSource {
  private static final String NAME = "criteo";

  /// How the rows of one file are split.
  private enum By {
    ORDER,
    HASH
  }

  /// What the last day is used for.
  private enum Holdout {
    ALL_TEST,
    HALF_VALID
  }

  /// Where vocabularies come from.
  private enum FitDays {
    TRAIN,
    ALL
  }

  /// For `ServiceLoader`.
  public CriteoSource() {}

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Criteo click logs: the training file of the Kaggle challenge, or a folder with day_0,"
        + " day_1, …; plain or gzip";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> presets = CriteoOptions.presets();
    presets.put("split", "order");
    presets.put("validPercent", "10");
    presets.put("testPercent", "10");
    presets.put("holdout", "all-test");
    presets.put("fitDays", "train");
    presets.put(GrowFrom.SETTING, "");
    return presets;
  }

  @Override
  public Opened open(Request request) {
    Settings s = Settings.of(this, request.settings());
    Path path = request.path();
    if (path == null) {
      throw new DataException("--data criteo needs --path: " + description() + ".");
    }
    boolean days = Files.isDirectory(path);
    List<Path> files = days ? CriteoFiles.days(path) : List.of(path);
    // The Kaggle file holds a few values below the reach of ln(x + 3); the days hold none.
    CriteoOptions options =
        CriteoOptions.of(s, days ? null : Integer.valueOf(1 - s.integer("shift", 1)));
    Path growFrom = GrowFrom.folder(s);
    CriteoEncoder start = growFrom == null ? null : CriteoEncoder.load(growFrom);
    List<Path> inputs = new ArrayList<>(files);
    if (growFrom != null) {
      inputs.add(CriteoEncoder.file(growFrom));
    }
    boolean seeded = !days && s.choice("split", By.class) == By.HASH;
    long seed = seeded ? request.seed() : 0; // another seed changes nothing else
    boolean fitAll = s.choice("fitDays", FitDays.class) == FitDays.ALL;
    PreparedFolder folder =
        PreparedFolder.of(
            request.cache(),
            NAME,
            PreparedFolder.key(s, seed, inputs),
            building -> {
              request.progress().accept("reading " + path);
              CriteoPreparation.Splits splits =
                  days ? byDay(files, s, options) : ofOneFile(path, s, options, request.seed());
              BadRows bad = new BadRows(options.onBadRow());
              CriteoBlocks.Source rows =
                  new CriteoBlocks.Source() {
                    private boolean first = true;

                    @Override
                    public CriteoBlocks open(Consumer<CriteoBlock> work) {
                      BadRows counted = first ? bad : new BadRows(options.onBadRow());
                      first = false;
                      return new CriteoFiles(files, options, counted, work);
                    }
                  };
              Map<String, Double> facts =
                  new CriteoPreparation(rows, splits, fitAll, start, () -> bad.noTrainingRows(path))
                      .run(building, options, request.progress());
              bad.report(request.progress());
              PreparedFolder.writeFacts(building, bad.with(facts));
            });
    return new Opened(folder.open(NAME), CriteoEncoder.load(folder.path()));
  }

  private static CriteoPreparation.Splits byDay(
      List<Path> files, Settings s, CriteoOptions options) {
    int last = files.size() - 1;
    if (s.choice("holdout", Holdout.class) == Holdout.ALL_TEST) {
      return (file, _) -> file < last ? Split.TRAIN : Split.TEST;
    }
    long valid = (rows(files.get(last), options) + 1) / 2;
    return (file, row) -> file < last ? Split.TRAIN : row < valid ? Split.VALID : Split.TEST;
  }

  private static CriteoPreparation.Splits ofOneFile(
      Path file, Settings s, CriteoOptions options, long seed) {
    double valid = s.number("validPercent", 0, 99) / 100;
    double test = s.number("testPercent", 0, 99) / 100;
    if (valid + test >= 1) {
      throw new DataException(
          "validPercent and testPercent leave no training rows. Expected a sum below 100.");
    }
    if (s.choice("split", By.class) == By.HASH) {
      long key = Counter.key(seed, "criteo split");
      return (_, row) -> {
        double u = Counter.uniform53(key, row);
        return u < test ? Split.TEST : u < test + valid ? Split.VALID : Split.TRAIN;
      };
    }
    long rows = rows(file, options);
    long fromTest = rows - Math.round(rows * test);
    long fromValid = fromTest - Math.round(rows * valid);
    return (_, row) -> row < fromValid ? Split.TRAIN : row < fromTest ? Split.VALID : Split.TEST;
  }

  /// Number of well-formed rows.
  private static long rows(Path file, CriteoOptions options) {
    try (CriteoFile blocks =
        new CriteoFile(file, options, new BadRows(options.onBadRow()), false)) {
      long n = 0;
      for (CriteoBlock b = blocks.next(); b != null; b = blocks.next()) {
        n += b.rows;
      }
      return n;
    }
  }

  @Override
  public Encoder encoder(Path folder) {
    return CriteoEncoder.load(folder);
  }
}
