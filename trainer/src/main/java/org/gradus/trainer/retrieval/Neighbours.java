// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The rows of a matrix that are most similar to each row, without the row itself.
///
/// ```
/// COSINE   w_uv = Σ_i r_ui r_vi / (‖r_u‖ ‖r_v‖)                                     (CF-1)
/// JACCARD  w_uv = |N_u ∩ N_v| / |N_u ∪ N_v|                                         (CF-2)
/// PEARSON  w_uv = Σ_i (r_ui − r̄_u)(r_vi − r̄_v) / √(Σ_i (r_ui − r̄_u)² Σ_i (r_vi − r̄_v)²)   (CF-3)
/// IUF      w_uv = Σ_{i in N_u ∩ N_v} 1/ln(1 + |U_i|) / √(|N_u| |N_v|)               (CF-4)
/// shrink   w ← w · |N_uv| / (|N_uv| + λ)                                            (CF-5)
/// ```
///
/// N_u are the columns where row u has a value, U_i the rows that have one in column i; sums of (CF-3) run over the columns that
/// both have. A norm or a variance of 0 gives 0. For items, the matrix is transposed; (CF-4) then counts a user the less, the
/// more items he has.
///
/// Products are added up through the columns (Gustavson 1978): all pairs are never there at once. A column with n values costs n²,
/// so columns may be cut ([Options#maxListLength]).
///
/// @param rows for each row, its neighbours: the most similar first, of equal ones the smaller first
/// @param weights w of these
/// @param cut values of the matrix that were left out because their column had too many
public record Neighbours(int[][] rows, double[][] weights, long cut) {
  /// How similarity is measured.
  public enum Measure {
    /// (CF-1)
    COSINE,
    /// (CF-2)
    JACCARD,
    /// (CF-3)
    PEARSON,
    /// (CF-4)
    IUF
  }

  /// What r̄ is the mean of.
  public enum MeanScope {
    /// everything that a row has
    ALL_RATED,
    /// what both rows have
    CO_RATED
  }

  /// How neighbours are found.
  ///
  /// @param measure of similarity
  /// @param mean r̄, of PEARSON
  /// @param minOverlap columns that both must have
  /// @param shrink λ
  /// @param topK neighbours of a row
  /// @param normalise whether the weights of a row are divided by the largest of them, so that rows whose
  ///     neighbours are all alike count no more than others
  /// @param maxListLength values of a column that are read at most, the largest, of equal ones those of the smaller rows; 0: all. What is
  ///     left out is as if it were not in the matrix
  public record Options(
      Measure measure,
      MeanScope mean,
      int minOverlap,
      double shrink,
      int topK,
      boolean normalise,
      int maxListLength) {
    /// Refuses what cannot be meant.
    public Options {
      if (minOverlap < 1 || topK < 1 || maxListLength < 0 || !(shrink >= 0)) {
        throw new IllegalArgumentException(
            "neighbours: minOverlap "
                + minOverlap
                + ", topK "
                + topK
                + ", maxListLength "
                + maxListLength
                + ", shrink "
                + shrink
                + ". Expected at least 1, 1, 0 and 0.");
      }
    }

    /// Fifty neighbours; PEARSON asks for two common columns.
    public static Options of(Measure measure) {
      int overlap = measure == Measure.PEARSON ? 2 : 1;
      return new Options(measure, MeanScope.ALL_RATED, overlap, 0, 50, false, 0);
    }

    /// The same with another number of neighbours.
    public Options withTopK(int k) {
      return new Options(measure, mean, minOverlap, shrink, k, normalise, maxListLength);
    }

    /// The same with each row divided by its largest weight.
    public Options normalised() {
      return new Options(measure, mean, minOverlap, shrink, topK, true, maxListLength);
    }

    /// The same with columns cut.
    public Options withMaxListLength(int length) {
      return new Options(measure, mean, minOverlap, shrink, topK, normalise, length);
    }

    /// The neighbours of a row as they are used.
    VectorIndex.Hits finish(VectorIndex.Hits best) {
      double[] weights = best.scores();
      if (normalise && weights.length > 0 && weights[0] > 0) { // the largest comes first
        weights = Arrays.stream(weights).map(w -> w / best.scores()[0]).toArray();
      }
      return new VectorIndex.Hits(best.ids(), weights);
    }

    /// w of two rows.
    ///
    /// @param pair sums over what both have
    double weight(Pair pair, Row u, Row v) {
      if (pair.n < minOverlap) {
        return 0;
      }
      double w =
          switch (measure) {
            case COSINE -> ratio(pair.xy, Math.sqrt(u.squares) * Math.sqrt(v.squares));
            case JACCARD -> ratio(pair.n, u.count + v.count - pair.n);
            case IUF -> ratio(pair.rarity, Math.sqrt((double) u.count * v.count));
            case PEARSON -> pearson(pair, u, v);
          };
      return w * (pair.n / (pair.n + shrink)); // (CF-5)
    }

    private double pearson(Pair p, Row u, Row v) {
      double a = mean == MeanScope.ALL_RATED ? u.sum / u.count : p.x / p.n;
      double b = mean == MeanScope.ALL_RATED ? v.sum / v.count : p.y / p.n;
      double xy = p.xy - b * p.x - a * p.y + p.n * a * b;
      double xx = p.xx - 2 * a * p.x + p.n * a * a;
      double yy = p.yy - 2 * b * p.y + p.n * b * b;
      // what rounding leaves of a variance of 0
      double nothing = 1e-12 * Math.max(1, Math.max(p.xx, p.yy));
      return xx <= nothing || yy <= nothing ? 0 : xy / (Math.sqrt(xx) * Math.sqrt(yy));
    }

    private static double ratio(double a, double b) {
      return b == 0 ? 0 : a / b;
    }
  }

  /// Sums over the columns that two rows have in common.
  static final class Pair {
    int n;
    double x;
    double y;
    double xx;
    double yy;
    double xy;
    double rarity;

    void add(double a, double b, double rare) {
      n++;
      x += a;
      y += b;
      xx += a * a;
      yy += b * b;
      xy += a * b;
      rarity += rare;
    }
  }

  /// Sums over a row.
  record Row(int count, double sum, double squares) {
    static Row of(CsrMatrix m, int row) {
      double sum = 0;
      double squares = 0;
      for (int i = m.pointers()[row]; i < m.pointers()[row + 1]; i++) {
        sum += m.values()[i];
        squares += m.values()[i] * m.values()[i];
      }
      return new Row(m.count(row), sum, squares);
    }
  }

  /// 1/ln(1 + |U_i|)
  static double rarity(int count) {
    return 1 / StrictMath.log(1.0 + count);
  }

  /// Finds the neighbours of every row, some rows at a time. The result does not depend on how many.
  public static Neighbours of(CsrMatrix all, Options options) {
    CsrMatrix byColumn = all.transpose().longestRow(options.maxListLength);
    CsrMatrix m = byColumn.transpose();
    int n = m.height();
    Row[] sums = new Row[n];
    Arrays.setAll(sums, r -> Row.of(m, r));
    int[][] rows = new int[n][];
    double[][] weights = new double[n][];
    IntStream.range(0, n)
        .parallel()
        .forEach(
            u -> {
              VectorIndex.Hits best = best(m, byColumn, sums, options, u);
              rows[u] = best.ids();
              weights[u] = best.scores();
            });
    return new Neighbours(rows, weights, all.values().length - m.values().length);
  }

  private static VectorIndex.Hits best(
      CsrMatrix m, CsrMatrix byColumn, Row[] all, Options options, int u) {
    @Nullable Pair[] pairs = new Pair[m.height()];
    int[] touched = new int[m.height()];
    int count = 0;
    for (int i = m.pointers()[u]; i < m.pointers()[u + 1]; i++) {
      int column = m.columns()[i];
      double rare = rarity(byColumn.count(column));
      for (int k = byColumn.pointers()[column]; k < byColumn.pointers()[column + 1]; k++) {
        int v = byColumn.columns()[k];
        Pair pair = pairs[v];
        if (pair == null) {
          pair = new Pair();
          pairs[v] = pair;
          touched[count++] = v;
        }
        pair.add(m.values()[i], byColumn.values()[k], rare);
      }
    }
    BestFirst best = new BestFirst(Math.min(options.topK, Math.max(0, m.height() - 1)));
    for (int t = 0; t < count; t++) {
      int v = touched[t];
      Pair pair = pairs[v];
      if (v != u && pair != null) {
        double w = options.weight(pair, all[u], all[v]);
        if (w != 0) {
          best.offer(v, w);
        }
      }
    }
    return options.finish(best.hits());
  }
}
