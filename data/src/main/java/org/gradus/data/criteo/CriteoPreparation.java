// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.gradus.data.DataException;
import org.gradus.data.Split;
import org.gradus.data.prepared.Row;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.synthetic.BayesScores;
import org.jspecify.annotations.Nullable;

/// Two passes over raw rows: the first gathers vocabularies, the second writes examples.
///
/// @param rows opens a pass
/// @param splits says what a row is for
/// @param fitAll whether vocabularies come from every row, as in the reference pipeline, or from the training rows only
/// @param start an encoder whose ids stay as they are, or null
record CriteoPreparation(
    Supplier<CriteoRows> rows, Splits splits, boolean fitAll, @Nullable CriteoEncoder start) {
  private static final long REPORT_EVERY = 1_000_000;

  /// What a row is for.
  interface Splits {
    /// The split of a row, by where it stands.
    Split of(CriteoRow row);
  }

  /// Fills a folder that is being built, and says what is known about the data.
  Map<String, Double> run(Path folder, CriteoOptions options, Consumer<String> progress) {
    CriteoEncoder.Fit fit =
        start == null ? new CriteoEncoder.Fit(options) : new CriteoEncoder.Fit(options, start);
    CriteoRow raw = new CriteoRow();
    long n = 0;
    try (CriteoRows pass = rows.get()) {
      for (; pass.next(raw); n++) {
        if (fitAll || splits.of(raw) == Split.TRAIN) {
          fit.add(raw);
        }
        tell(progress, "gathered the vocabularies of ", n + 1);
      }
    }
    CriteoEncoder encoder = fit.build();
    encoder.save(folder);
    return write(folder, encoder, progress);
  }

  private Map<String, Double> write(Path folder, CriteoEncoder encoder, Consumer<String> progress) {
    CriteoRow raw = new CriteoRow();
    TrueProbabilities truth = new TrueProbabilities();
    long[] clamped = new long[CriteoRow.DENSE];
    try (CriteoRows pass = rows.get();
        SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      Row row = new Row(encoder.schema());
      for (long n = 0; pass.next(raw); n++) {
        Split split = splits.of(raw);
        encoder.encode(raw, row);
        writers.of(split).append(row);
        truth.add(split, raw);
        for (int i = 0; i < CriteoRow.DENSE; i++) {
          clamped[i] +=
              !raw.denseMissing[i] && encoder.options().transform().clamps(raw.dense[i]) ? 1 : 0;
        }
        tell(progress, "encoded ", n + 1);
      }
      if (writers.of(Split.TRAIN).rows() == 0) {
        throw new DataException("no training rows: every row is left out, or held out.");
      }
      writers.finish();
    }
    for (int i = 0; i < CriteoRow.DENSE; i++) {
      if (clamped[i] > 0) {
        progress.accept(
            "raised "
                + clamped[i]
                + " values of "
                + CriteoRow.denseName(i)
                + " to clampMin="
                + encoder.options().transform().clampMin());
      }
    }
    return truth.facts();
  }

  private static void tell(Consumer<String> progress, String what, long rows) {
    if (rows % REPORT_EVERY == 0) {
      progress.accept(what + rows / REPORT_EVERY + " million rows");
    }
  }

  /// The labels of the test rows beside their true probabilities.
  private static final class TrueProbabilities {
    private final DoubleArrayList probabilities = new DoubleArrayList();
    private final FloatArrayList labels = new FloatArrayList();

    void add(Split split, CriteoRow row) {
      if (split == Split.TEST && !Double.isNaN(row.probability)) {
        probabilities.add(row.probability);
        labels.add(row.label);
      }
    }

    Map<String, Double> facts() {
      return labels.isEmpty()
          ? Map.of()
          : new TreeMap<>(
              BayesScores.of(probabilities.toDoubleArray(), labels.toFloatArray()).facts());
    }
  }
}
