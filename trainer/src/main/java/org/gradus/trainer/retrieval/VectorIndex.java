// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Vectors that can be searched for those nearest to a query.
public interface VectorIndex extends AutoCloseable {
  /// What near means. Scores rise with nearness.
  enum Metric {
    /// the inner product
    DOT,
    /// the inner product of unit vectors; a vector of zeros has score 0
    COSINE,
    /// the squared distance, negated
    L2;

    /// The score of two vectors, added up in float64 in the order of places.
    double score(float[] a, int from, float[] b) {
      double dot = 0;
      double aa = 0;
      double bb = 0;
      double distance = 0;
      for (int i = 0; i < b.length; i++) {
        double x = a[from + i];
        double y = b[i];
        dot += x * y;
        aa += x * x;
        bb += y * y;
        distance += (x - y) * (x - y);
      }
      return switch (this) {
        case DOT -> dot;
        case COSINE -> aa == 0 || bb == 0 ? 0 : dot / (Math.sqrt(aa) * Math.sqrt(bb));
        case L2 -> -distance;
      };
    }
  }

  /// What was found.
  ///
  /// @param ids best first; of equal scores the smaller id first
  /// @param scores of these
  record Hits(int[] ids, double[] scores) {}

  /// What was indexed.
  ///
  /// @param ids one per vector, none negative
  /// @param vectors one behind the other
  /// @param width of a vector
  /// @param metric what near means
  record Vectors(int[] ids, float[] vectors, int width, Metric metric) {
    /// Checks the sizes.
    public Vectors {
      if (width < 1 || (long) ids.length * width != vectors.length) {
        throw new IllegalArgumentException(
            "vector index: "
                + vectors.length
                + " numbers for "
                + ids.length
                + " vectors of "
                + width
                + ". Expected the product.");
      }
      if (Arrays.stream(ids).anyMatch(id -> id < 0)
          || Arrays.stream(ids).distinct().count() != ids.length) {
        throw new IllegalArgumentException(
            "vector index: ids that are negative, or not distinct. Expected one of its own for"
                + " each vector.");
      }
      for (float v : vectors) {
        if (!Float.isFinite(v)) {
          throw new IllegalArgumentException("vector index: " + v + ". Expected finite numbers.");
        }
      }
    }
  }

  /// Number of vectors.
  int size();

  /// Finds the nearest vectors.
  ///
  /// @param k at most so many
  /// @param effort how widely an approximate index looks, at least k; an exact one does not ask
  /// @param without ids that are passed over
  Hits search(float[] query, int k, int effort, IntSet without);

  /// Finds the nearest vectors of several queries, some at a time.
  default List<Hits> searchAll(float[][] queries, int k, int effort, List<IntSet> without) {
    return IntStream.range(0, queries.length)
        .parallel()
        .mapToObj(q -> search(queries[q], k, effort, without.get(q)))
        .toList();
  }

  /// Writes the index; what reads it finds the same.
  ///
  /// @param folder a new one
  void save(Path folder);

  /// Bytes that the index takes, in memory or in files.
  long bytes();

  @Override
  void close();
}
