// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The derivative of a loss with respect to one parameter.
public sealed interface Gradient {
  /// Of a dense parameter.
  ///
  /// @param values same shape as the parameter
  record Dense(Tensor values) implements Gradient {}

  /// Of a table: only the rows that were looked up, each once. Never densified.
  ///
  /// A lookup leaves its terms where they are, in the gradient of its result; they are summed by row when somebody asks for
  /// [#values], or by the update that moves the rows.
  final class Rows implements Gradient {
    private final Tensor rows;
    private final int count;
    private @Nullable Tensor values;
    private final @Nullable Scope scope; // of the terms, and so on
    private final RowGradient.@Nullable Places places;
    private final @Nullable Tensor dy;
    private final int width;

    /// Rows whose sums are known.
    ///
    /// @param rows `[capacity]` row ids, rising; the first `count` are defined
    /// @param values `[capacity, D]`, row by row
    /// @param count number of distinct rows
    public Rows(Tensor rows, Tensor values, int count) {
      this.rows = rows;
      this.values = values;
      this.count = count;
      this.scope = null;
      this.places = null;
      this.dy = null;
      this.width = 0;
    }

    /// Rows that are the sums of terms.
    ///
    /// @param dy what the terms are slices of, held until the end of `scope`
    Rows(Scope scope, Tensor rows, RowGradient.Places places, Tensor dy, int width) {
      this.scope = scope;
      this.rows = rows;
      this.count = places.count();
      this.places = places;
      this.dy = dy;
      this.width = width;
    }

    /// `[capacity]` row ids, rising; the first [#count] are defined.
    public Tensor rows() {
      return rows;
    }

    /// Number of distinct rows.
    public int count() {
      return count;
    }

    /// `[capacity, D]`, row by row; the first [#count] rows are defined.
    public Tensor values() {
      Tensor known = values;
      if (known != null) {
        return known;
      }
      Scope step = scope;
      RowGradient.Places at = places;
      if (step == null || at == null) {
        throw new IllegalStateException("gradient: rows without values or terms");
      }
      Tensor sums = step.real("rows", Shape.of(rows.elements(), width));
      step.device()
          .kernels()
          .jagged()
          .sumRows(sums.buffer(), at.dy(), at.merged(), at.source(), at.coefficient(), width);
      values = sums;
      return sums;
    }

    /// What an update needs to know: the sums where they are known, else the terms.
    public RowGradient source() {
      Tensor known = values;
      if (known == null && places != null && dy != null) {
        dy.buffer(); // an error when its step is over
        return places;
      }
      return new RowGradient.Summed(rows.buffer(), values().buffer(), count);
    }

    /// Lets go of everything, in the scope that made it.
    void release(Scope scope) {
      if (places
          == null) { // rows and terms of a lookup are the lookup's, which may be walked again
        scope.release(rows);
      }
      if (values != null) {
        scope.release(values);
      }
    }
  }
}
