// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.sampling;

import java.util.Arrays;
import java.util.List;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// Observed pairs of user and item, label 1, each followed by pairs of the same user with items that he did not meet, label 0.
///
/// That a row is there is what counts: the label that it had is not read. Negatives are drawn anew in every pass and are a
/// function of seed, epoch and place in the pass, so that a pass without its first batches has those of the whole pass.
/// Rows have user, item and label only; what else was known about the observed item does not hold for a drawn one.
public final class NegativeSampling implements Examples, AutoCloseable {
  private final Examples observed;
  private final Interactions known;
  private final int negatives;
  private final Field.Label label;
  private final Schema schema;

  /// Negatives for observed rows.
  ///
  /// @param known what is no negative: the interactions of the training rows, for training and for evaluation
  /// @param negatives how many for each row; 4 in the paper of neural collaborative filtering
  /// @param label what the label is called
  public NegativeSampling(Examples observed, Interactions known, int negatives, String label) {
    if (negatives < 1) {
      throw new IllegalArgumentException(
          "negative sampling: " + negatives + " negatives. Expected at least 1.");
    }
    this.observed = observed;
    this.known = known;
    this.negatives = negatives;
    this.label = new Field.Label(label, Field.LabelKind.BINARY);
    this.schema = Schema.of(known.user(), known.item(), this.label);
  }

  @Override
  public Schema schema() {
    return schema;
  }

  @Override
  public long rows() {
    return observed.rows() * (1 + negatives);
  }

  /// Batches hold an observed row and all its negatives, so that their size is a multiple of 1 + negatives. A pass in stored order,
  /// whose batches nobody counts, may ask for any size: it gets the next smaller one.
  @Override
  public Stream stream(Pass pass) {
    int group = 1 + negatives;
    boolean whole = pass.batchSize() % group == 0;
    if (!whole && (pass.shuffle() || pass.skip() > 0 || pass.batchSize() < group)) {
      throw new IllegalArgumentException(
          "negative sampling: batches of "
              + pass.batchSize()
              + " with "
              + negatives
              + " negatives for each observed row. Expected a multiple of "
              + group
              + ".");
    }
    int batchSize = pass.batchSize() / group;
    Pass of =
        new Pass(
            batchSize, pass.shuffle(), pass.seed(), pass.epoch(), pass.skip(), pass.dropLast());
    long key = Counter.key(Counter.key(pass.seed(), "negatives"), pass.epoch());
    return new Drawn(observed.stream(of), key, pass.skip() * batchSize);
  }

  /// Closes the observed rows, if they hold anything open.
  @Override
  public void close() {
    if (observed instanceof AutoCloseable c) {
      try {
        c.close();
      } catch (Exception e) {
        throw new IllegalStateException("closing observed rows", e);
      }
    }
  }

  /// A pass.
  private final class Drawn implements Stream {
    private final Stream rows;
    private final long key;
    private long place; // of the next observed row

    Drawn(Stream rows, long key, long place) {
      this.rows = rows;
      this.key = key;
      this.place = place;
    }

    @Override
    public @Nullable Batch next() {
      Batch b = rows.next();
      return b == null ? null : withNegatives(b);
    }

    private Batch withNegatives(Batch b) {
      int[] users = b.sparse().of(known.user().name()).values();
      int[] items = b.sparse().of(known.item().name()).values();
      int group = 1 + negatives;
      int size = b.size() * group;
      int[] ids = new int[2 * size]; // users, then items
      float[] labels = new float[size];
      for (int i = 0; i < size; i++) {
        int row = i / group;
        boolean positive = i % group == 0;
        long draw = Counter.key(Counter.key(key, place + row), i % group);
        ids[i] = users[row];
        ids[size + i] = positive ? items[row] : known.unmet(users[row], items[row], draw);
        labels[i] = positive ? 1 : 0;
      }
      place += b.size();
      int[] lengths = new int[2 * size];
      Arrays.fill(lengths, 1);
      return Batch.builder(schema, size)
          .sparse(
              KeyedJaggedTensor.fromLengths(
                  List.of(known.user().name(), known.item().name()), ids, lengths))
          .real(label.name(), labels)
          .build();
    }

    @Override
    public void close() {
      rows.close();
    }
  }
}
