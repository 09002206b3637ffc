// SPDX-License-Identifier: Apache-2.0
package org.gradus.data;

import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.jspecify.annotations.Nullable;

/// Rows of one split, ready to be batched.
public interface Examples {
  /// What the rows look like.
  Schema schema();

  /// Number of rows.
  long rows();

  /// Number of batches in a whole pass, those that it skips included.
  default long batches(Pass pass) {
    return pass.batches(rows());
  }

  /// Opens a pass over the rows.
  Stream stream(Pass pass);

  /// Some of the rows, as often as they are asked for; a pass shuffles them among themselves.
  ///
  /// @param rows their places in stored order
  /// @throws IllegalArgumentException where rows have no place, because every pass makes them anew
  default Examples only(long[] rows) {
    throw new IllegalArgumentException(
        "rows: "
            + rows.length
            + " of "
            + rows()
            + " were asked for, but these are made anew in every pass. Expected stored rows.");
  }

  /// One pass.
  ///
  /// @param batchSize B; the last batch may be smaller
  /// @param shuffle whether rows come in an order that depends on seed and epoch only; otherwise as they are stored
  /// @param seed the run's seed
  /// @param epoch number of the pass, from 0
  /// @param skip batches to leave out at the start: those consumed before a resume
  /// @param dropLast leaves out a last batch smaller than B
  record Pass(int batchSize, boolean shuffle, long seed, int epoch, long skip, boolean dropLast) {
    /// Checks the ranges.
    public Pass {
      if (batchSize < 1) {
        throw new IllegalArgumentException("batch size " + batchSize + ". Expected at least 1.");
      }
      if (skip < 0 || epoch < 0) {
        throw new IllegalArgumentException(
            "pass: epoch " + epoch + ", skip " + skip + ". Expected at least 0.");
      }
    }

    /// Every row, in stored order.
    public static Pass inOrder(int batchSize) {
      return new Pass(batchSize, false, 0, 0, 0, false);
    }

    /// Every row, shuffled by seed and epoch.
    public static Pass shuffled(int batchSize, long seed, int epoch) {
      return new Pass(batchSize, true, seed, epoch, 0, false);
    }

    /// This pass without its first batches.
    public Pass skipping(long batches) {
      return new Pass(batchSize, shuffle, seed, epoch, batches, dropLast);
    }

    /// Number of batches in the whole pass, skipped ones included, over so many rows.
    public long batches(long rows) {
      return dropLast ? rows / batchSize : (rows + batchSize - 1) / batchSize;
    }
  }

  /// The batches of a pass, in order. The order does not depend on threads or prefetching.
  interface Stream extends AutoCloseable {
    /// The next batch, or null at the end.
    @Nullable Batch next();

    @Override
    void close();
  }
}
