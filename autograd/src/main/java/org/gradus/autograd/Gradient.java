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
    private final @Nullable Terms terms;

    /// Rows whose sums are known.
    ///
    /// @param rows `[capacity]` row ids, rising; the first `count` are defined
    /// @param values `[capacity, D]`, row by row
    /// @param count number of distinct rows
    public Rows(Tensor rows, Tensor values, int count) {
      this.rows = rows;
      this.values = values;
      this.count = count;
      this.terms = null;
    }

    /// Rows that are the sums of terms.
    ///
    /// @param dy held until [#release] or the end of `scope`
    record Terms(Scope scope, RowGradient.Places places, Tensor dy, int width) {}

    Rows(Tensor rows, Terms terms) {
      this.rows = rows;
      this.count = terms.places.count();
      this.terms = terms;
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
      if (terms == null) {
        throw new IllegalStateException("gradient: rows without values or terms");
      }
      RowGradient.Places at = terms.places;
      Tensor sums = terms.scope.real("rows", Shape.of(rows.elements(), terms.width));
      Scope scope = terms.scope;
      scope
          .device()
          .kernels()
          .jagged()
          .sumRows(sums.buffer(), at.dy(), at.merged(), at.source(), at.coefficient(), terms.width);
      values = sums;
      return sums;
    }

    /// What an update needs to know: the sums where they are known, else the terms.
    public RowGradient source() {
      Tensor known = values;
      if (known == null && terms != null) {
        terms.dy.buffer(); // an error when its step is over
        return terms.places;
      }
      return new RowGradient.Summed(rows.buffer(), values().buffer(), count);
    }

    /// Lets go of everything, in the scope that made it.
    void release(Scope scope) {
      scope.release(rows);
      if (values != null) {
        scope.release(values);
      }
      if (terms != null) {
        scope.release(terms.dy);
      }
    }
  }
}
