// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.ArrayList;
import java.util.List;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// Rows whose shuffled passes draw each batch from one scenario, as STAR trains (Sheng et al. CIKM 2021, section 3.3). Every row comes once
/// in a pass; the rows of a scenario are shuffled among themselves, and so are the batches. The last batch of a scenario may be smaller.
/// Rows in stored order come as they are.
public final class ScenarioBatches implements Examples, AutoCloseable {
  private static final int SCANNED = 4096; // rows looked at at once

  private final Examples all;
  private final List<Examples> scenarios = new ArrayList<>();

  /// @param all rows with a domain, which have places
  public ScenarioBatches(Examples all) {
    this.all = all;
    List<LongArrayList> places = new ArrayList<>();
    Field.Domain domain =
        all.schema()
            .one(Field.Domain.class)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "batches of one scenario: "
                            + all.schema()
                            + " has no domain. Expected one, which says what scenario a row comes"
                            + " from."));
    for (int p = 0; p < domain.domains(); p++) {
      places.add(new LongArrayList());
    }
    long row = 0;
    try (Stream stream = all.stream(Pass.inOrder(SCANNED))) {
      for (Batch batch = stream.next(); batch != null; batch = stream.next()) {
        for (int p : batch.domains()) {
          places.get(p).add(row++);
        }
      }
    }
    for (LongArrayList own : places) {
      if (!own.isEmpty()) {
        scenarios.add(all.only(own.toLongArray()));
      }
    }
  }

  @Override
  public Schema schema() {
    return all.schema();
  }

  @Override
  public long rows() {
    return all.rows();
  }

  @Override
  public long batches(Pass pass) {
    return pass.shuffle()
        ? scenarios.stream().mapToLong(own -> own.batches(pass)).sum()
        : all.batches(pass);
  }

  @Override
  public Examples only(long[] rows) {
    return new ScenarioBatches(all.only(rows));
  }

  @Override
  public Stream stream(Pass pass) {
    return pass.shuffle() ? new Mixed(pass) : all.stream(pass);
  }

  /// Which scenario each batch of a pass comes from, in order (Fisher and Yates).
  private int[] order(Pass pass) {
    int[] order = new int[Math.toIntExact(batches(pass))];
    int at = 0;
    for (int s = 0; s < scenarios.size(); s++) {
      for (long k = 0; k < scenarios.get(s).batches(pass); k++) {
        order[at++] = s;
      }
    }
    long key = Counter.key(Counter.key(pass.seed(), "order of batches"), pass.epoch());
    for (int j = order.length - 1; j > 0; j--) {
      int other = (int) Counter.below(key, j, j + 1L);
      int held = order[j];
      order[j] = order[other];
      order[other] = held;
    }
    return order;
  }

  /// The batches of all scenarios.
  private final class Mixed implements Stream {
    private final int[] order;
    private final List<Stream> streams = new ArrayList<>();
    private int next;

    Mixed(Pass pass) {
      order = order(pass);
      next = (int) Math.min(order.length, pass.skip());
      long[] skipped = new long[scenarios.size()];
      for (int k = 0; k < next; k++) {
        skipped[order[k]]++;
      }
      for (int s = 0; s < skipped.length; s++) {
        streams.add(scenarios.get(s).stream(pass.skipping(skipped[s])));
      }
    }

    @Override
    public @Nullable Batch next() {
      return next == order.length ? null : streams.get(order[next++]).next();
    }

    @Override
    public void close() {
      streams.forEach(Stream::close);
    }
  }

  @Override
  public void close() {
    if (all instanceof AutoCloseable open) {
      try {
        open.close();
      } catch (Exception e) {
        throw new IllegalStateException("closing rows of scenarios", e);
      }
    }
  }
}
