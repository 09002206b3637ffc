// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sampling;

import java.util.ArrayList;
import java.util.List;
import org.gradus.data.DataException;
import org.gradus.data.Examples;
import org.gradus.data.prepared.Permutation;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;

/// Rows whose batches hold as many labels each: where few rows have one, a batch drawn from all of them often has too few for a list.
///
/// A shuffled pass takes so many labelled rows per batch, and fills it with others. It goes once through the rows of which there are more
/// batches; the others begin again, in another order, as often as that takes. Where those that end the pass are fewer than a batch
/// needs, the last batch is smaller. Other passes are those of the rows themselves.
public final class StratifiedExamples implements Examples, AutoCloseable {
  private static final int SCAN = 4096;

  private final Examples rows;
  private final int perBatch;
  private final long[] labelled;
  private final long[] unlabelled;

  /// Looks once at the mask of every row.
  ///
  /// @param rows stored ones
  /// @param label whose mask says which rows have one
  /// @param perBatch labelled rows of a batch
  public StratifiedExamples(Examples rows, String label, int perBatch) {
    this.rows = rows;
    this.perBatch = perBatch;
    List<Long> known = new ArrayList<>();
    List<Long> unknown = new ArrayList<>();
    long row = 0;
    try (Stream stream = rows.stream(Pass.inOrder(SCAN))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        float[] mask = batch.labelMask(label);
        for (int b = 0; b < batch.size(); b++) {
          (mask == null || mask[b] != 0 ? known : unknown).add(row++);
        }
      }
    }
    labelled = known.stream().mapToLong(r -> r).toArray();
    unlabelled = unknown.stream().mapToLong(r -> r).toArray();
    if (perBatch < 1 || labelled.length == 0 || unlabelled.length == 0) {
      throw new DataException(
          "stratified batches of "
              + perBatch
              + " labels each, of "
              + labelled.length
              + " rows with a label and "
              + unlabelled.length
              + " without. Expected at least 1 each.");
    }
  }

  @Override
  public Schema schema() {
    return rows.schema();
  }

  @Override
  public long rows() {
    return rows.rows();
  }

  @Override
  public long batches(Pass pass) {
    return pass.shuffle() ? pass.batches(order(pass).length) : rows.batches(pass);
  }

  @Override
  public Stream stream(Pass pass) {
    if (!pass.shuffle()) {
      return rows.stream(pass);
    }
    return rows.only(order(pass)).stream(
        new Pass(pass.batchSize(), false, pass.seed(), pass.epoch(), pass.skip(), pass.dropLast()));
  }

  @Override
  public Examples only(long[] places) {
    return rows.only(places);
  }

  /// The rows of a pass, one batch behind the other.
  private long[] order(Pass pass) {
    int others = pass.batchSize() - perBatch;
    if (others < 1) {
      throw new IllegalArgumentException(
          "stratified batches: "
              + perBatch
              + " labels in a batch of "
              + pass.batchSize()
              + ". Expected fewer, so that there is room for rows without one.");
    }
    boolean byLabels = labelled.length * (long) others > unlabelled.length * (long) perBatch;
    long key = Counter.key(Counter.key(pass.seed(), "stratified"), pass.epoch());
    Cycle first = new Cycle(labelled, Counter.key(key, "labelled"), byLabels);
    Cycle second = new Cycle(unlabelled, Counter.key(key, "unlabelled"), !byLabels);
    List<Long> order = new ArrayList<>();
    while (!first.ended() && !second.ended()) {
      first.take(perBatch, order);
      second.take(others, order);
    }
    return order.stream().mapToLong(r -> r).toArray();
  }

  /// Rows in a shuffled order, again and again unless it is they that end the pass.
  private static final class Cycle {
    private final long[] rows;
    private final long key;
    private final boolean ends;
    private Permutation order;
    private long taken;

    Cycle(long[] rows, long key, boolean ends) {
      this.rows = rows;
      this.key = key;
      this.ends = ends;
      this.order = new Permutation(rows.length, key);
    }

    boolean ended() {
      return ends && taken >= rows.length;
    }

    void take(int count, List<Long> to) {
      for (int k = 0; k < count && !ended(); k++) {
        long place = taken % rows.length;
        if (taken > 0 && place == 0) {
          order = new Permutation(rows.length, Counter.key(key, taken / rows.length));
        }
        to.add(rows[(int) order.at(place)]);
        taken++;
      }
    }
  }

  @Override
  public void close() {
    if (rows instanceof AutoCloseable c) {
      try {
        c.close();
      } catch (Exception e) {
        throw new IllegalStateException("closing rows", e);
      }
    }
  }
}
