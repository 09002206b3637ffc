// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.prepared;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.gradus.data.Examples;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.KeyedJaggedTensor;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.tensor.Counter;
import org.jspecify.annotations.Nullable;

/// Gathers the rows of a pass into batches. Batch k is a function of the pass and k alone, so skipping costs nothing.
final class RowStream implements Examples.Stream {
  private final PreparedFile file;
  private final RowLayout layout;
  private final List<String> keys;
  private final Examples.Pass pass;
  private final long @Nullable [] chosen; // places of the rows of the pass, or null for all
  private final long count;
  private final @Nullable Permutation order;
  private final long batches;
  private long next;

  RowStream(PreparedFile file, long @Nullable [] chosen, Examples.Pass pass) {
    this.file = file;
    this.chosen = chosen;
    this.count = chosen == null ? file.rows() : chosen.length;
    this.layout = file.layout();
    this.keys = layout.ids.stream().map(Field::name).toList();
    this.pass = pass;
    this.order =
        pass.shuffle()
            ? new Permutation(
                count, Counter.key(Counter.key(pass.seed(), "order of rows"), pass.epoch()))
            : null;
    this.batches = pass.batches(count);
    this.next = pass.skip();
  }

  @Override
  public @Nullable Batch next() {
    if (next >= batches) {
      return null;
    }
    long from = next++ * pass.batchSize();
    int size = (int) Math.min(pass.batchSize(), count - from);
    long[] rows = new long[size];
    long[] at = new long[size];
    for (int b = 0; b < size; b++) {
      long place = order == null ? from + b : order.at(from + b);
      rows[b] = chosen == null ? place : chosen[(int) place];
      at[b] = file.rowAt(rows[b]);
    }
    Batch.Builder batch = Batch.builder(layout.schema, size);
    columns(batch, at);
    if (!keys.isEmpty()) {
      batch.sparse(
          layout.allOneHot
              ? KeyedJaggedTensor.oneHot(keys, oneHot(at), size)
              : lists(batch, rows, at));
    }
    return batch.build();
  }

  private void columns(Batch.Builder batch, long[] at) {
    MemorySegment data = file.data();
    int size = at.length;
    float[] dense = new float[size * layout.dense];
    for (int b = 0; b < size; b++) {
      MemorySegment.copy(
          data, RowLayout.FLOAT, at[b] + layout.denseAt, dense, b * layout.dense, layout.dense);
    }
    batch.dense(dense);
    for (int i = 0; i < layout.reals.size(); i++) {
      float[] column = new float[size];
      for (int b = 0; b < size; b++) {
        column[b] = data.get(RowLayout.FLOAT, at[b] + layout.realsAt + 4L * i);
      }
      batch.real(layout.reals.get(i).name(), column);
    }
    for (int i = 0; i < layout.integers.size(); i++) {
      long[] column = new long[size];
      for (int b = 0; b < size; b++) {
        column[b] = data.get(RowLayout.LONG, at[b] + 8L * i);
      }
      batch.integer(layout.integers.get(i).name(), column);
    }
  }

  private int[] oneHot(long[] at) {
    MemorySegment data = file.data();
    int size = at.length;
    int[] values = new int[keys.size() * size]; // [F, B]
    for (int b = 0; b < size; b++) {
      for (int f = 0; f < keys.size(); f++) {
        values[f * size + b] = data.get(RowLayout.INT, at[b] + layout.idsAt[f]);
      }
    }
    return values;
  }

  private KeyedJaggedTensor lists(Batch.Builder batch, long[] rows, long[] at) {
    int size = at.length;
    MemorySegment data = file.data();
    int[] offsets = new int[keys.size() * size + 1];
    for (int f = 0; f < keys.size(); f++) {
      for (int b = 0; b < size; b++) {
        int s = f * size + b;
        int length = layout.oneHot[f] ? 1 : data.get(RowLayout.INT, at[b] + layout.idsAt[f] + 4);
        offsets[s + 1] = Math.addExact(offsets[s], length);
      }
    }
    int[] values = new int[offsets[offsets.length - 1]];
    for (int f = 0; f < keys.size(); f++) {
      for (int b = 0; b < size; b++) {
        int to = offsets[f * size + b];
        if (layout.oneHot[f]) {
          values[to] = data.get(RowLayout.INT, at[b] + layout.idsAt[f]);
        } else {
          copyList(rows[b], at[b] + layout.idsAt[f], values, to);
        }
      }
      if (layout.sessionsAt[f] >= 0) {
        batch.sessions(keys.get(f), sessions(rows, at, layout.sessionsAt[f]));
      }
    }
    return KeyedJaggedTensor.fromOffsets(keys, values, offsets);
  }

  private JaggedIds sessions(long[] rows, long[] at, int place) {
    int[] offsets = new int[at.length + 1];
    for (int b = 0; b < at.length; b++) {
      offsets[b + 1] = offsets[b] + file.data().get(RowLayout.INT, at[b] + place + 4);
    }
    int[] sizes = new int[offsets[at.length]];
    for (int b = 0; b < at.length; b++) {
      copyList(rows[b], at[b] + place, sizes, offsets[b]);
    }
    return new JaggedIds(sizes, null, offsets);
  }

  private void copyList(long row, long place, int[] values, int to) {
    MemorySegment data = file.data();
    long start = file.listsAt(row) + 4L * data.get(RowLayout.INT, place);
    int length = data.get(RowLayout.INT, place + 4);
    MemorySegment.copy(data, RowLayout.INT, start, values, to, length);
  }

  @Override
  public void close() {
    next = batches;
  }
}
