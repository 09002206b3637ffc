// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.jspecify.annotations.Nullable;

/// What the rows of a split look like, counted in one pass. Memory grows with the tables, not with the rows.
///
/// @param rows number of rows
/// @param labels by name
/// @param dense by field, in schema order
/// @param ids by field, in schema order
/// @param rowsPerSecond speed of the pass
public record Description(
    long rows,
    Map<String, LabelSummary> labels,
    List<DenseSummary> dense,
    List<IdSummary> ids,
    double rowsPerSecond) {
  /// A label.
  ///
  /// @param known rows that have it
  /// @param mean share of positives, for a binary label
  public record LabelSummary(long known, double mean) {}

  /// A dense field, as a model sees it.
  ///
  /// @param deviation standard deviation (divided by the number of rows)
  /// @param missingShare of the training rows; NaN where not counted
  public record DenseSummary(
      String field, double min, double max, double mean, double deviation, double missingShare) {}

  /// A field of ids.
  ///
  /// @param size rows of its table
  /// @param count ids in all rows
  /// @param distinct different ids that occur
  /// @param outOfVocabularyShare of the ids
  /// @param missingShare of the training rows; NaN where not counted
  /// @param top the most frequent ids, most frequent first
  public record IdSummary(
      String field,
      int size,
      long count,
      int distinct,
      double outOfVocabularyShare,
      double missingShare,
      List<Frequency> top) {}

  /// How often an id occurs.
  ///
  /// @param value the raw value behind it
  public record Frequency(int id, String value, long count) {}

  /// Looks at every row of a split.
  ///
  /// @param fitted names values and knows missing shares, or null
  /// @param top how many of the most frequent ids to keep
  public static Description of(Examples examples, @Nullable FittedFields fitted, int top) {
    long start = System.nanoTime();
    Counts counts = new Counts(examples);
    try (Examples.Stream stream = examples.stream(Examples.Pass.inOrder(4096))) {
      for (Batch b = stream.next(); b != null; b = stream.next()) {
        counts.add(b);
      }
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return counts.describe(fitted, top, examples.rows() / Math.max(seconds, 1e-9));
  }

  /// What is counted during the pass.
  private static final class Counts {
    private final Examples examples;
    private final List<Field.Ids> fields;
    private final List<Field.Dense> dense;
    private final long[][] ids;
    private final double[][] moments; // min, max, mean, sum of squared deviations
    private final Map<String, long[]> known = new LinkedHashMap<>();
    private final Map<String, double[]> sums = new LinkedHashMap<>();
    private long rows;

    Counts(Examples examples) {
      this.examples = examples;
      this.fields = examples.schema().ids();
      this.dense = examples.schema().dense();
      ids = new long[fields.size()][];
      for (int f = 0; f < ids.length; f++) {
        ids[f] = new long[fields.get(f).size()];
      }
      moments = new double[dense.size()][];
      for (int d = 0; d < moments.length; d++) {
        moments[d] = new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0, 0};
      }
      for (Field.Label l : examples.schema().labels()) {
        known.put(l.name(), new long[1]);
        sums.put(l.name(), new double[1]);
      }
    }

    void add(Batch batch) {
      KeyedJaggedTensor sparse = batch.sparse();
      int[] values = sparse.values();
      int[] starts = sparse.offsetPerKey();
      for (int f = 0; f < ids.length; f++) {
        for (int i = starts[f]; i < starts[f + 1]; i++) {
          ids[f][values[i]]++;
        }
      }
      for (int b = 0; b < batch.size(); b++) {
        rows++;
        for (int d = 0; d < moments.length; d++) {
          addDense(moments[d], batch.dense()[b * moments.length + d]);
        }
      }
      known.forEach(
          (label, n) -> {
            double[] sum = sums.get(label);
            for (float y : batch.label(label)) {
              if (!Float.isNaN(y) && sum != null) {
                n[0]++;
                sum[0] += y;
              }
            }
          });
    }

    private void addDense(double[] m, double x) {
      m[0] = Math.min(m[0], x);
      m[1] = Math.max(m[1], x);
      double before = x - m[2];
      m[2] += before / rows; // Welford
      m[3] += before * (x - m[2]);
    }

    Description describe(@Nullable FittedFields fitted, int top, double rowsPerSecond) {
      Map<String, LabelSummary> labels = new LinkedHashMap<>();
      known.forEach(
          (label, n) -> {
            double[] sum = sums.get(label);
            double mean = sum == null || n[0] == 0 ? Double.NaN : sum[0] / n[0];
            labels.put(label, new LabelSummary(n[0], mean));
          });
      List<DenseSummary> denseSummaries = new ArrayList<>();
      for (int d = 0; d < moments.length; d++) {
        String name = dense.get(d).name();
        double[] m = moments[d];
        denseSummaries.add(
            new DenseSummary(
                name, m[0], m[1], m[2], Math.sqrt(m[3] / rows), missing(fitted, name)));
      }
      List<IdSummary> idSummaries = new ArrayList<>();
      for (int f = 0; f < ids.length; f++) {
        idSummaries.add(summary(f, fitted, top));
      }
      return new Description(examples.rows(), labels, denseSummaries, idSummaries, rowsPerSecond);
    }

    private IdSummary summary(int f, @Nullable FittedFields fitted, int top) {
      String name = fields.get(f).name();
      long total = 0;
      int distinct = 0;
      List<Frequency> most = new ArrayList<>();
      for (int id = 0; id < ids[f].length; id++) {
        long n = ids[f][id];
        total += n;
        distinct += n > 0 ? 1 : 0;
        boolean among = n > 0 && (most.size() < top || n > most.getLast().count());
        if (among && top > 0) {
          insert(most, new Frequency(id, fitted == null ? "" : fitted.value(name, id), n), top);
        }
      }
      double unknown = total == 0 ? 0 : (double) ids[f][1] / total;
      return new IdSummary(
          name, ids[f].length, total, distinct, unknown, missing(fitted, name), List.copyOf(most));
    }

    /// Keeps the list sorted; ties stay in the order of ids.
    private static void insert(List<Frequency> most, Frequency next, int top) {
      int at = most.size();
      while (at > 0 && most.get(at - 1).count() < next.count()) {
        at--;
      }
      most.add(at, next);
      if (most.size() > top) {
        most.removeLast();
      }
    }

    private static double missing(@Nullable FittedFields fitted, String field) {
      return fitted == null ? Double.NaN : fitted.missingShare(field);
    }
  }
}
