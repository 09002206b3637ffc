// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

/// The k best of what is offered: a heap whose root is the worst that is kept. Score decides, of equal scores the smaller id.
final class BestFirst {
  private final int[] ids;
  private final double[] scores;
  private int size;

  BestFirst(int k) {
    ids = new int[k];
    scores = new double[k];
  }

  private boolean worse(int id, double score, int otherId, double other) {
    return score < other || (score == other && id > otherId);
  }

  void offer(int id, double score) {
    if (size < ids.length) {
      int at = size++;
      while (at > 0 && worse(id, score, ids[(at - 1) / 2], scores[(at - 1) / 2])) {
        set(at, ids[(at - 1) / 2], scores[(at - 1) / 2]);
        at = (at - 1) / 2;
      }
      set(at, id, score);
    } else if (size > 0 && worse(ids[0], scores[0], id, score)) {
      sink(id, score);
    }
  }

  /// Puts an entry where the root was.
  private void sink(int id, double score) {
    int at = 0;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && worse(ids[child + 1], scores[child + 1], ids[child], scores[child])) {
        child++;
      }
      if (!worse(ids[child], scores[child], id, score)) {
        break;
      }
      set(at, ids[child], scores[child]);
      at = child;
    }
    set(at, id, score);
  }

  private void set(int at, int id, double score) {
    ids[at] = id;
    scores[at] = score;
  }

  /// What was kept, best first; empties the heap.
  VectorIndex.Hits hits() {
    int[] best = new int[size];
    double[] of = new double[size];
    while (size > 0) {
      best[size - 1] = ids[0];
      of[size - 1] = scores[0];
      size--;
      sink(ids[size], scores[size]);
    }
    return new VectorIndex.Hits(best, of);
  }
}
