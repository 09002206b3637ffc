// SPDX-License-Identifier: Apache-2.0
package org.gradus.data.csv;

import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.Locale;
import org.gradus.data.DataException;
import org.gradus.data.Settings;
import org.gradus.data.Split;
import org.gradus.tensor.Counter;

/// What the rows of a table are used for.
interface CsvSplits {
  /// The four ways.
  enum By {
    /// a hash of the row's number
    HASH,
    /// the last rows of the file are held out
    ORDER,
    /// the latest rows are held out: every training row is older than every validation row, and so on
    TIME,
    /// a hash of the group: all rows of a user fall into one split
    USER;

    /// Whether another seed gives another split.
    boolean seeded() {
      return this == HASH || this == USER;
    }
  }

  /// Sees the rows once, before any is asked for.
  void look(CsvRow row);

  /// The split of a row.
  Split of(CsvRow row);

  /// The splits that settings ask for.
  static CsvSplits of(CsvSchema schema, Settings s, long seed) {
    double valid = s.number("validPercent", 0, 99) / 100;
    double test = s.number("testPercent", 0, 99) / 100;
    if (valid + test >= 1) {
      throw new DataException(
          "validPercent and testPercent leave no training rows. Expected a sum below 100.");
    }
    By by = s.choice("split", By.class);
    long key = Counter.key(seed, "csv split");
    return switch (by) {
      case HASH -> hashed(row -> Counter.uniform53(key, row.number), valid, test);
      case USER -> {
        int c = column(schema, CsvSchema.Kind.GROUP, "user");
        yield hashed(row -> Counter.uniform53(key, row.integers[c]), valid, test);
      }
      case ORDER -> sorted(row -> row.number, valid, test);
      case TIME -> {
        int c = column(schema, CsvSchema.Kind.TIMESTAMP, "time");
        yield sorted(row -> row.integers[c], valid, test);
      }
    };
  }

  private static int column(CsvSchema schema, CsvSchema.Kind kind, String split) {
    for (int c = 0; c < schema.columns().size(); c++) {
      if (schema.columns().get(c).kind() == kind) {
        return c;
      }
    }
    throw new DataException(
        "split="
            + split
            + " needs a column of kind "
            + kind.name().toLowerCase(Locale.ROOT)
            + " in the schema file.");
  }

  /// A number of a row.
  @FunctionalInterface
  interface Uniform {
    /// In [0, 1).
    double of(CsvRow row);
  }

  /// A number of a row.
  @FunctionalInterface
  interface Key {
    /// Rows are sorted by it.
    long of(CsvRow row);
  }

  private static CsvSplits hashed(Uniform uniform, double valid, double test) {
    return new CsvSplits() {
      @Override
      public void look(CsvRow row) {}

      @Override
      public Split of(CsvRow row) {
        double u = uniform.of(row);
        return u < test ? Split.TEST : u < test + valid ? Split.VALID : Split.TRAIN;
      }
    };
  }

  /// Rows with equal keys stay together, in the later split.
  private static CsvSplits sorted(Key key, double valid, double test) {
    return new CsvSplits() {
      private final LongArrayList keys = new LongArrayList();
      private long fromValid = Long.MAX_VALUE;
      private long fromTest = Long.MAX_VALUE;
      private boolean cut;

      @Override
      public void look(CsvRow row) {
        keys.add(key.of(row));
      }

      @Override
      public Split of(CsvRow row) {
        if (!cut) {
          cut = true;
          keys.sort(null);
          int n = keys.size();
          int tests = (int) Math.round(n * test);
          int valids = (int) Math.round(n * valid);
          fromTest = tests == 0 ? Long.MAX_VALUE : keys.getLong(n - tests);
          fromValid = valids == 0 ? fromTest : keys.getLong(n - tests - valids);
          keys.clear();
          keys.trim();
        }
        long k = key.of(row);
        return k >= fromTest ? Split.TEST : k >= fromValid ? Split.VALID : Split.TRAIN;
      }
    };
  }
}
