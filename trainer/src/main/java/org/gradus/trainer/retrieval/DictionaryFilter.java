// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Collaborative filtering on maps of maps, user → item → value, as it is usually taught: easy to build and to change, and here to
/// be held against [CollaborativeFilter], which says the same in a fraction of memory and time.
public final class DictionaryFilter {
  private final CollaborativeFilter.Kind kind;
  private final Map<Integer, Map<Integer, Double>> ratings;
  private final Map<Integer, VectorIndex.Hits> neighbours = new HashMap<>();

  /// A filter.
  ///
  /// @param ratings user → item → value
  /// @param options without a bound on lists, which stay whole here
  public DictionaryFilter(
      CollaborativeFilter.Kind kind,
      Map<Integer, Map<Integer, Double>> ratings,
      Neighbours.Options options) {
    this.kind = kind;
    this.ratings = ratings;
    Map<Integer, Map<Integer, Double>> turned = turned(ratings);
    boolean users = kind == CollaborativeFilter.Kind.USERS;
    find(users ? ratings : turned, users ? turned : ratings, options);
  }

  /// The maps of a matrix.
  public static Map<Integer, Map<Integer, Double>> maps(CsrMatrix m) {
    Map<Integer, Map<Integer, Double>> maps = new HashMap<>();
    for (int r = 0; r < m.height(); r++) {
      Map<Integer, Double> row = new HashMap<>();
      for (int i = m.pointers()[r]; i < m.pointers()[r + 1]; i++) {
        row.put(m.columns()[i], m.values()[i]);
      }
      maps.put(r, row);
    }
    return maps;
  }

  private static Map<Integer, Map<Integer, Double>> turned(
      Map<Integer, Map<Integer, Double>> maps) {
    Map<Integer, Map<Integer, Double>> turned = new HashMap<>();
    maps.forEach(
        (r, row) ->
            row.forEach(
                (c, value) -> turned.computeIfAbsent(c, _ -> new HashMap<>()).put(r, value)));
    return turned;
  }

  private void find(
      Map<Integer, Map<Integer, Double>> rows,
      Map<Integer, Map<Integer, Double>> byColumn,
      Neighbours.Options options) {
    rows.forEach(
        (u, row) -> {
          Set<Integer> candidates = new HashSet<>();
          row.keySet().forEach(c -> candidates.addAll(byColumn.getOrDefault(c, Map.of()).keySet()));
          candidates.remove(u);
          BestFirst best = new BestFirst(options.topK());
          for (int v : candidates) {
            Map<Integer, Double> other = rows.getOrDefault(v, Map.of());
            Neighbours.Pair pair = new Neighbours.Pair();
            row.forEach(
                (c, value) -> {
                  Double b = other.get(c);
                  if (b != null) {
                    int count = byColumn.getOrDefault(c, Map.of()).size();
                    pair.add(value, b, Neighbours.rarity(count));
                  }
                });
            double w = options.weight(pair, row(row), row(other));
            if (w != 0) {
              best.offer(v, w);
            }
          }
          neighbours.put(u, options.finish(best.hits()));
        });
  }

  private static Neighbours.Row row(Map<Integer, Double> row) {
    double sum = 0;
    double squares = 0;
    for (double value : row.values()) {
      sum += value;
      squares += value * value;
    }
    return new Neighbours.Row(row.size(), sum, squares);
  }

  /// As [CollaborativeFilter#recommend].
  public VectorIndex.Hits recommend(int user, int k, IntSet without) {
    Map<Integer, Double> scores = new HashMap<>();
    if (kind == CollaborativeFilter.Kind.ITEMS) {
      ratings.getOrDefault(user, Map.of()).forEach((item, value) -> spread(scores, item, value));
    } else {
      VectorIndex.Hits near = near(user);
      for (int n = 0; n < near.ids().length; n++) {
        double w = near.scores()[n];
        if (w > 0) {
          ratings
              .getOrDefault(near.ids()[n], Map.of())
              .forEach((item, value) -> scores.merge(item, w * value, Double::sum));
        }
      }
    }
    BestFirst best = new BestFirst(Math.min(k, scores.size()));
    scores.forEach(
        (item, score) -> {
          if (score > 0 && !without.contains((int) item)) {
            best.offer(item, score);
          }
        });
    return best.hits();
  }

  private VectorIndex.Hits near(int row) {
    return neighbours.getOrDefault(row, new VectorIndex.Hits(new int[0], new double[0]));
  }

  private void spread(Map<Integer, Double> scores, int item, double value) {
    VectorIndex.Hits near = near(item);
    for (int n = 0; n < near.ids().length; n++) {
      if (near.scores()[n] > 0) {
        scores.merge(near.ids()[n], near.scores()[n] * value, Double::sum);
      }
    }
  }
}
