// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.retrieval;

import it.unimi.dsi.fastutil.longs.Long2DoubleOpenHashMap;
import java.util.Arrays;
import java.util.stream.IntStream;

/// A sparse matrix in compressed rows: row r has the values `values[pointers[r]] …` in the columns `columns[pointers[r]] …`, which
/// rise, up to `pointers[r + 1]`.
///
/// @param width number of columns
/// @param pointers where rows begin, and where the last one ends
/// @param columns of the values
/// @param values that are there
public record CsrMatrix(int width, int[] pointers, int[] columns, double[] values) {

  /// What becomes of several values for one place.
  public enum Duplicates {
    /// their sum
    SUM,
    /// the last one
    LAST,
    /// the largest
    MAX
  }

  /// Collects values in any order.
  public static final class Builder {
    private final int height;
    private final int width;
    private final Duplicates duplicates;
    private final Long2DoubleOpenHashMap found = new Long2DoubleOpenHashMap();

    /// A matrix of zeros.
    public Builder(int height, int width, Duplicates duplicates) {
      this.height = height;
      this.width = width;
      this.duplicates = duplicates;
    }

    /// Adds a value.
    public Builder add(int row, int column, double value) {
      if (row < 0 || row >= height || column < 0 || column >= width) {
        throw new IllegalArgumentException(
            "sparse matrix: place ("
                + row
                + ", "
                + column
                + "). Expected one within ("
                + height
                + ", "
                + width
                + ").");
      }
      long place = (long) row * width + column;
      if (duplicates == Duplicates.LAST || !found.containsKey(place)) {
        found.put(place, value);
      } else if (duplicates == Duplicates.SUM) {
        found.addTo(place, value);
      } else {
        found.put(place, Math.max(found.get(place), value));
      }
      return this;
    }

    /// Adds a value that fades: value · e^(−γ · age). Old tastes count less in (CF-6) and (CF-7).
    ///
    /// @param age from then to now, in any unit, at least 0
    /// @param gamma γ, one over that unit
    public Builder addFaded(int row, int column, double value, double age, double gamma) {
      if (!(age >= 0 && gamma >= 0)) {
        throw new IllegalArgumentException(
            "sparse matrix: age " + age + " with a decay of " + gamma + ". Expected at least 0.");
      }
      return add(row, column, value * StrictMath.exp(-gamma * age));
    }

    /// The matrix.
    public CsrMatrix build() {
      long[] places = found.keySet().toLongArray();
      Arrays.sort(places);
      int[] pointers = new int[height + 1];
      int[] columns = new int[places.length];
      double[] values = new double[places.length];
      for (int i = 0; i < places.length; i++) {
        pointers[(int) (places[i] / width) + 1]++;
        columns[i] = (int) (places[i] % width);
        values[i] = found.get(places[i]);
      }
      for (int r = 0; r < height; r++) {
        pointers[r + 1] += pointers[r];
      }
      return new CsrMatrix(width, pointers, columns, values);
    }
  }

  /// Number of rows.
  public int height() {
    return pointers.length - 1;
  }

  /// Values in a row.
  public int count(int row) {
    return pointers[row + 1] - pointers[row];
  }

  /// Rows and columns exchanged.
  public CsrMatrix transpose() {
    int[] starts = new int[width + 1];
    for (int c : columns) {
      starts[c + 1]++;
    }
    for (int c = 0; c < width; c++) {
      starts[c + 1] += starts[c];
    }
    int[] next = starts.clone();
    int[] rows = new int[columns.length];
    double[] turned = new double[values.length];
    for (int r = 0; r < height(); r++) {
      for (int i = pointers[r]; i < pointers[r + 1]; i++) {
        int to = next[columns[i]]++;
        rows[to] = r;
        turned[to] = values[i];
      }
    }
    return new CsrMatrix(height(), starts, rows, turned);
  }

  /// With at most so many values in a row: the largest, of equal ones those of the smaller columns; 0 for no bound.
  public CsrMatrix longestRow(int most) {
    if (most == 0 || IntStream.range(0, height()).allMatch(r -> count(r) <= most)) {
      return this;
    }
    Builder kept = new Builder(height(), width, Duplicates.LAST);
    for (int r = 0; r < height(); r++) {
      BestFirst best = new BestFirst(Math.min(most, count(r)));
      for (int i = pointers[r]; i < pointers[r + 1]; i++) {
        best.offer(columns[i], values[i]);
      }
      VectorIndex.Hits hits = best.hits();
      for (int i = 0; i < hits.ids().length; i++) {
        kept.add(r, hits.ids()[i], hits.scores()[i]);
      }
    }
    return kept.build();
  }

  /// With 1 for every value that is there.
  public CsrMatrix binary() {
    double[] ones = new double[values.length];
    Arrays.fill(ones, 1);
    return new CsrMatrix(width, pointers, columns, ones);
  }

  /// Bytes of the three arrays.
  public long bytes() {
    return 4L * pointers.length + 4L * columns.length + 8L * values.length;
  }
}
