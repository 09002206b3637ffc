// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.SortedMap;
import org.gradus.autograd.TableParameter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Table;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// How often the rows of a table occur, for penalties that weigh with it: given beforehand, or counted batch by batch.
final class RowCounts implements AutoCloseable {
  private final TableParameter parameter;
  private final @Nullable Table running; // [rows, 1]: batches so far that held a row
  private float @Nullable [] given;

  RowCounts(TableParameter parameter, Penalty penalty, Device device) {
    this.parameter = parameter;
    boolean counts = penalty.tables() == Penalty.Tables.DIN_RUNNING && penalty.l2OfTables() > 0;
    running = counts ? device.table(parameter.table().rows(), 1) : null;
  }

  /// How often each row occurs in the training rows, for [Penalty.Tables#DIN].
  void give(float[] counts) {
    if (counts.length != parameter.table().rows()) {
      throw new IllegalArgumentException(
          "penalty: "
              + counts.length
              + " frequencies for table "
              + parameter
              + ". Expected one for each row.");
    }
    given = counts.clone();
  }

  /// 1/n of rows that a batch holds; a running count takes in this batch first.
  ///
  /// @param rows distinct, those of the batch in front
  /// @param count how many they are
  double[] inverse(int[] rows, int count) {
    double[] inverse = new double[count];
    if (running != null) {
      double[] n = new double[1];
      for (int r = 0; r < count; r++) {
        running.read(rows[r], n);
        n[0]++;
        running.write(rows[r], n);
        inverse[r] = 1 / n[0];
      }
      return inverse;
    }
    if (given == null) {
      throw new IllegalArgumentException(
          "penalty: DIN on table "
              + parameter.path()
              + " without frequencies. Expected how often each row occurs in the training rows;"
              + " ROWS and DIN_RUNNING need none.");
    }
    for (int r = 0; r < count; r++) {
      inverse[r] = 1 / Math.max(1.0, given[rows[r]]);
    }
    return inverse;
  }

  /// Adds what a checkpoint must hold.
  void collect(SortedMap<String, Stored> into) {
    if (running != null) {
      into.put(parameter.path() + "@batches", new Stored.Rows(running));
    }
  }

  @Override
  public void close() {
    if (running != null) {
      running.close();
    }
  }
}
