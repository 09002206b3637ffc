// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.Arrays;
import java.util.Comparator;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.KeyedJaggedTensor.JaggedIds;
import org.gradus.models.Fitted;
import org.gradus.tensor.Shape;

/// Which values of a table have rows of their own: those that the training rows hold most often. All others share the rows of a
/// narrower table.
///
/// ```
/// c = E[r(v)]        v among the k most frequent, r(v) its place there
///     E′[h(v)] P     otherwise,  E′ [n, w],  P [w, d]
/// ```
///
/// Padding is no row of either; values that nobody knows have the row 1 of E.
public final class FrequentRows {
  /// Rows of E that are no places: padding, and unknown values.
  static final int FIRST = 2;

  private final DenseParameter places; // [V], the row of E, or 0
  private final DenseParameter counted; // [], 1 once they are known: saved with the model

  /// What a user may set.
  ///
  /// @param most k; 0 for tables as they are
  /// @param tailWidth w
  public record Config(int most, int tailWidth) {
    /// Tables as they are.
    public static final Config NONE = new Config(0, 4);

    /// Checks the ranges.
    public Config {
      if (most < 0 || tailWidth < 1) {
        throw new IllegalArgumentException(
            "infnet: "
                + most
                + " frequent values, width "
                + tailWidth
                + " of the others. Expected at least 0, and 1.");
      }
    }
  }

  /// @param size V, rows of a plain table
  FrequentRows(int size, Params params) {
    places = params.state("places", Shape.of(size), 0);
    counted = params.state("counted", Shape.scalar(), 0);
  }

  /// Whether they are known.
  boolean fitted() {
    return counted.value().toDoubles()[0] != 0;
  }

  /// Counts how often fields hold each value, and gives the k most frequent a place; of equally frequent ones the smaller ids.
  ///
  /// @param fields that read the table
  void fit(Fitted.Rows rows, Iterable<String> fields, int most) {
    long[] counts = new long[places.shape().size(0)];
    rows.forEach(
        batch -> {
          for (String field : fields) {
            count(batch, field, counts);
          }
        });
    Integer[] order = new Integer[counts.length];
    Arrays.setAll(order, id -> id);
    Arrays.sort(
        order, Comparator.comparingLong((Integer id) -> -counts[id]).thenComparing(id -> id));
    double[] found = new double[counts.length];
    int next = FIRST;
    for (int id : order) {
      if (id >= FIRST && counts[id] > 0 && next < FIRST + most) {
        found[id] = next++;
      }
    }
    places.write(found);
    counted.write(1.0);
  }

  private static void count(Batch batch, String field, long[] counts) {
    JaggedIds ids = batch.sparse().of(field);
    int[] offsets = ids.offsets();
    for (int i = offsets[0]; i < offsets[offsets.length - 1]; i++) {
      counts[ids.values()[i]]++;
    }
  }

  /// Ids as rows of E, or, of the others, themselves; 0 where a row is of the other kind.
  ///
  /// @param frequent whether rows of E are asked for
  int[] of(int[] ids, boolean frequent) {
    double[] own = places.value().toDoubles();
    int[] rows = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      int place = ids[i] < FIRST ? ids[i] : (int) own[ids[i]];
      boolean has = ids[i] < FIRST || place > 0;
      rows[i] = frequent ? place : has ? 0 : ids[i];
    }
    return rows;
  }
}
