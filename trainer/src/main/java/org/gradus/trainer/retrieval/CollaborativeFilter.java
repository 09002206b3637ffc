// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.Int2DoubleOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntSet;

/// Collaborative filtering on compressed rows, by similar users (Resnick et al. 1994) or by similar items (Sarwar et al. 2001).
///
/// ```
/// p_ui = Σ_{v in S_k(u), v has i} w_uv r_vi                        users     (CF-6)
/// p_ui = Σ_{j of u, i in S_k(j)} w_ij r_uj                         items     (CF-7)
/// r̂_ui = r̄_u + Σ_v w_uv (r_vi − r̄_v) / Σ_v |w_uv|                   a rating  (CF-8)
/// ```
///
/// (CF-6) and (CF-7) leave out neighbours of negative weight, (CF-8) does not; without neighbours it is r̄_u.
public final class CollaborativeFilter {
  /// Whose similarities are used.
  public enum Kind {
    /// of users
    USERS,
    /// of items
    ITEMS
  }

  private final Kind kind;
  private final CsrMatrix ratings;
  private final Neighbours neighbours;

  /// A filter.
  ///
  /// @param ratings users by items
  public CollaborativeFilter(Kind kind, CsrMatrix ratings, Neighbours.Options options) {
    this.kind = kind;
    this.ratings = ratings;
    this.neighbours = Neighbours.of(kind == Kind.USERS ? ratings : ratings.transpose(), options);
  }

  /// Similar users, or similar items.
  public Neighbours neighbours() {
    return neighbours;
  }

  /// The best items for a user; fewer where fewer have a score above 0, none for a user without ratings.
  ///
  /// @param without items that are left out
  public VectorIndex.Hits recommend(int user, int k, IntSet without) {
    Int2DoubleOpenHashMap scores = new Int2DoubleOpenHashMap();
    if (kind == Kind.ITEMS) {
      for (int i = ratings.pointers()[user]; i < ratings.pointers()[user + 1]; i++) {
        addItem(scores, ratings.columns()[i], ratings.values()[i]);
      }
    } else {
      int[] others = neighbours.rows()[user];
      for (int n = 0; n < others.length; n++) {
        double w = neighbours.weights()[user][n];
        int from = ratings.pointers()[others[n]];
        int to = ratings.pointers()[others[n] + 1];
        for (int i = from; i < to && w > 0; i++) {
          scores.addTo(ratings.columns()[i], w * ratings.values()[i]); // (CF-6)
        }
      }
    }
    return best(scores, k, without);
  }

  /// The best items for someone who has these, each with value 1; by items only.
  public VectorIndex.Hits recommendFor(int[] items, int k, IntSet without) {
    if (kind != Kind.ITEMS) {
      throw new IllegalStateException(
          "collaborative filter: users are compared with users of the matrix. Expected ITEMS.");
    }
    Int2DoubleOpenHashMap scores = new Int2DoubleOpenHashMap();
    for (int item : items) {
      addItem(scores, item, 1);
    }
    return best(scores, k, without);
  }

  private void addItem(Int2DoubleOpenHashMap scores, int item, double value) {
    int[] others = neighbours.rows()[item];
    for (int n = 0; n < others.length; n++) {
      double w = neighbours.weights()[item][n];
      if (w > 0) {
        scores.addTo(others[n], w * value); // (CF-7)
      }
    }
  }

  private static VectorIndex.Hits best(Int2DoubleOpenHashMap scores, int k, IntSet without) {
    BestFirst best = new BestFirst(Math.min(k, scores.size()));
    scores
        .int2DoubleEntrySet()
        .fastForEach(
            e -> {
              if (e.getDoubleValue() > 0 && !without.contains(e.getIntKey())) {
                best.offer(e.getIntKey(), e.getDoubleValue());
              }
            });
    return best.hits();
  }

  /// (CF-8), by users.
  public double rating(int user, int item) {
    if (kind != Kind.USERS) {
      throw new IllegalStateException("collaborative filter: ratings come from USERS.");
    }
    double sum = 0;
    double weights = 0;
    int[] others = neighbours.rows()[user];
    for (int n = 0; n < others.length; n++) {
      int v = others[n];
      for (int i = ratings.pointers()[v]; i < ratings.pointers()[v + 1]; i++) {
        if (ratings.columns()[i] == item) {
          double w = neighbours.weights()[user][n];
          sum += w * (ratings.values()[i] - mean(v));
          weights += Math.abs(w);
        }
      }
    }
    return mean(user) + (weights == 0 ? 0 : sum / weights);
  }

  private double mean(int user) {
    Neighbours.Row row = Neighbours.Row.of(ratings, user);
    return row.count() == 0 ? 0 : row.sum() / row.count();
  }
}
