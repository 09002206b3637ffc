// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// How an attention multiplies.
///
/// ```
/// x W     x row by row, W column by column
/// q · k   both row by row, head by head
/// Σ α v   α without sign, divided by their sum; v column by column over the real keys         (IN-25)
/// ```
///
/// `EIGHT_BITS` rounds the rows and columns named here as (IN-24) says, and multiplies whole numbers, added in 32 bits; scores, softmax
/// and what stands outside the attention stay real. It computes on the host, in plain loops, to show what is lost: it is not faster.
/// No gradient passes.
public enum Products {
  /// as everything else is multiplied
  REALS {
    @Override
    Var project(Var x, DenseParameter w) {
      return x.matmul(x.tape().use(w));
    }

    @Override
    Var pairs(Var queries, Var keys) {
      return queries.matmul(keys, false, true);
    }

    @Override
    Var mix(Var alpha, Var values) {
      return alpha.matmul(values);
    }

    @Override
    Var real(Var tokens, @Nullable Tensor mask) {
      return tokens; // nobody hears padding
    }
  },
  /// whole numbers
  EIGHT_BITS {
    @Override
    Var project(Var x, DenseParameter w) {
      int in = w.shape().size(0);
      int out = w.shape().size(1);
      Int8.Rows rows = Int8.Rows.of(x.value().toDoubles(), in);
      Int8.Rows columns = Int8.Rows.of(turned(w.value().toDoubles(), in, out), in);
      return x.tape().constant(x.shape().with(-1, out), rows.times(1, columns, 1));
    }

    @Override
    Var pairs(Var queries, Var keys) {
      int width = queries.size(-1);
      Int8.Rows q = Int8.Rows.of(queries.value().toDoubles(), width);
      Int8.Rows k = Int8.Rows.of(keys.value().toDoubles(), width);
      return product(queries, q, keys, k, keys.size(-2));
    }

    @Override
    Var mix(Var alpha, Var values) {
      int n = values.size(-2);
      int width = values.size(-1);
      Int8.Rows shares = Int8.Rows.shares(alpha.value().toDoubles(), n);
      Int8.Rows columns = Int8.Rows.of(turned(values.value().toDoubles(), n, width), n);
      return product(alpha, shares, values, columns, width); //                              (IN-25)
    }

    @Override
    Var real(Var tokens, @Nullable Tensor mask) {
      return mask == null
          ? tokens
          : tokens.keepWhere(tokens.tape().scope().reshape(mask, mask.shape().insert(2, 1)));
    }
  };

  /// `[B, n, d]` times `[d, e]`
  abstract Var project(Var x, DenseParameter w);

  /// `[B, …, m, c]` and `[B, …, n, c]` → `[B, …, m, n]`; B may be 1 on one side
  abstract Var pairs(Var queries, Var keys);

  /// `[B, …, m, n]` and `[B, …, n, c]` → `[B, …, m, c]`; B may be 1 on one side
  abstract Var mix(Var alpha, Var values);

  /// Tokens `[B, n, d]` without what stands at padding, where that would matter.
  abstract Var real(Var tokens, @Nullable Tensor mask);

  private static Var product(Var a, Int8.Rows left, Var b, Int8.Rows right, int columns) {
    Shape shape = a.size(0) >= b.size(0) ? a.shape() : a.shape().with(0, b.size(0));
    double[] found = left.times(groups(a), right, groups(b));
    return a.tape().constant(shape.with(-1, columns), found);
  }

  /// How many matrices there are.
  private static int groups(Var x) {
    int each = x.size(-2) * x.size(-1);
    return each == 0 ? 1 : x.value().elements() / each;
  }

  /// Matrices `[…, rows, columns]` with rows and columns exchanged.
  private static double[] turned(double[] x, int rows, int columns) {
    double[] y = new double[x.length];
    int each = rows * columns;
    for (int from = 0; from < x.length; from += each) {
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          y[from + j * rows + i] = x[from + i * columns + j];
        }
      }
    }
    return y;
  }
}
