// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.criteo;

import static java.util.Objects.requireNonNull;

import it.unimi.dsi.fastutil.doubles.DoubleArrayList;
import it.unimi.dsi.fastutil.floats.FloatArrayList;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.gradus.data.DataException;
import org.gradus.data.Split;
import org.gradus.data.prepared.SplitWriters;
import org.gradus.data.synthetic.BayesScores;
import org.jspecify.annotations.Nullable;

/// Two passes over raw rows: the first gathers vocabularies, the second writes examples.
///
/// @param rows opens passes
/// @param splits says what a row is for
/// @param fitAll whether vocabularies come from every row, as in the reference pipeline, or from the training rows only
/// @param start an encoder whose ids stay as they are, or null
/// @param empty the error when no row is left to train on
record CriteoPreparation(
    CriteoBlocks.Source rows,
    Splits splits,
    boolean fitAll,
    @Nullable CriteoEncoder start,
    Supplier<DataException> empty) {
  private static final long REPORT_EVERY = 1_000_000;

  /// What a row is for.
  interface Splits {
    /// The split of a row, by where it stands.
    ///
    /// @param file number of its file, from 0
    /// @param row its number among the well-formed rows of the file, from 0
    Split of(int file, long row);
  }

  /// Fills a folder that is being built, and says what is known about the data.
  Map<String, Double> run(Path folder, CriteoOptions options, Consumer<String> progress) {
    CriteoEncoder.Fit fit =
        start == null ? new CriteoEncoder.Fit(options) : new CriteoEncoder.Fit(options, start);
    long n = 0;
    BitSet seen = new BitSet();
    try (CriteoBlocks pass = rows.open(_ -> {})) {
      for (CriteoBlock b = pass.next(); b != null; b = pass.next()) {
        seen.clear();
        for (int r = 0; r < b.rows; r++) {
          seen.set(r, fitAll || splits.of(b.file, b.first + r) == Split.TRAIN);
        }
        fit.add(b, seen);
        tell(progress, "gathered the vocabularies of ", n, n += b.rows);
      }
    }
    CriteoEncoder encoder = fit.build();
    encoder.save(folder);
    return write(folder, encoder, progress);
  }

  private Map<String, Double> write(Path folder, CriteoEncoder encoder, Consumer<String> progress) {
    DenseTransform transform = encoder.options().transform();
    DenseValues values = new DenseValues(transform);
    TrueProbabilities truth = new TrueProbabilities();
    long[] clamped = new long[CriteoRow.DENSE];
    long n = 0;
    try (CriteoBlocks pass = rows.open(block -> encoder.encode(block, values));
        SplitWriters writers = new SplitWriters(folder, encoder.schema())) {
      for (CriteoBlock b = pass.next(); b != null; b = pass.next()) {
        append(b, writers, truth);
        count(clamped, b, transform);
        tell(progress, "encoded ", n, n += b.rows);
      }
      if (writers.of(Split.TRAIN).rows() == 0) {
        throw empty.get();
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
                + transform.clampMin());
      }
    }
    return truth.facts();
  }

  /// Appends the examples of a block, those of one split that stand together at once.
  private void append(CriteoBlock b, SplitWriters writers, TrueProbabilities truth) {
    int from = 0;
    while (from < b.rows) {
      Split split = splits.of(b.file, b.first + from);
      int to = from + 1;
      while (to < b.rows && splits.of(b.file, b.first + to) == split) {
        to++;
      }
      writers.of(split).append(requireNonNull(b.encoded), from, to);
      if (split == Split.TEST) {
        truth.add(b, from, to);
      }
      from = to;
    }
  }

  /// Counts the values that are changed by the clamp.
  private static void count(long[] clamped, CriteoBlock b, DenseTransform transform) {
    if (transform.clampMin() == null) {
      return;
    }
    for (int r = 0; r < b.rows; r++) {
      for (int i = 0; i < CriteoRow.DENSE; i++) {
        boolean changed = transform.clamps(b.dense[r * CriteoRow.DENSE + i]);
        clamped[i] += changed && !b.denseMissing(r, i) ? 1 : 0;
      }
    }
  }

  private static void tell(Consumer<String> progress, String what, long before, long rows) {
    if (rows / REPORT_EVERY > before / REPORT_EVERY) {
      progress.accept(what + rows / REPORT_EVERY + " million rows");
    }
  }

  /// The labels of the test rows beside their true probabilities.
  private static final class TrueProbabilities {
    private final DoubleArrayList probabilities = new DoubleArrayList();
    private final FloatArrayList labels = new FloatArrayList();

    void add(CriteoBlock block, int from, int to) {
      for (int r = from; r < to; r++) {
        if (!Double.isNaN(block.probabilities[r])) {
          probabilities.add(block.probabilities[r]);
          labels.add(block.labels[r]);
        }
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
