// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Binary;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Inner products and sums of gradients of one parameter.
final class GradientSums {
  private GradientSums() {}

  static double dot(Gradient a, Gradient b, Scope scope) {
    return switch (a) {
      case Gradient.Dense(Tensor x) when b instanceof Gradient.Dense(Tensor y) ->
          dense(x, y, scope);
      case Gradient.Rows x when b instanceof Gradient.Rows y -> rows(x, y);
      default ->
          throw new IllegalArgumentException("gradients: one is dense and the other one is rows");
    };
  }

  private static double dense(Tensor x, Tensor y, Scope scope) {
    int n = x.elements();
    Tensor products = scope.real("dot", x.shape());
    Tensor sum = scope.real("dot", Shape.scalar());
    var kernels = scope.device().kernels();
    kernels.elementwise().binary(Binary.MULTIPLY, products.buffer(), x.buffer(), y.buffer(), n);
    kernels.reduce().sum(sum.buffer(), products.buffer(), 1, n, 1, 1);
    double dot = sum.item();
    scope.release(products);
    scope.release(sum);
    return dot;
  }

  /// Over the rows that both hold: ids rise in both. On the host, for only ids can tell.
  private static double rows(Gradient.Rows x, Gradient.Rows y) {
    int[] i = x.rows().toInts();
    int[] j = y.rows().toInts();
    double[] a = x.values().toDoubles();
    double[] b = y.values().toDoubles();
    int width = x.values().shape().size(1);
    double dot = 0;
    int p = 0;
    int q = 0;
    while (p < x.count() && q < y.count()) {
      if (i[p] == j[q]) {
        for (int d = 0; d < width; d++) {
          dot += a[p * width + d] * b[q * width + d];
        }
        p++;
        q++;
      } else if (i[p] < j[q]) {
        p++;
      } else {
        q++;
      }
    }
    return dot;
  }

  /// Σ cᵢ gᵢ of a parameter, in the order of the walks.
  static Gradient of(
      Parameter parameter,
      List<Gradients> walks,
      Gradients.Coefficients coefficients,
      Scope scope) {
    ElementwiseKernels elementwise = scope.device().kernels().elementwise();
    @Nullable Tensor sum = null;
    List<Gradient.Rows> rows = new ArrayList<>();
    for (int w = 0; w < walks.size(); w++) {
      switch (walks.get(w).of(parameter)) {
        case null -> {} // the loss does not depend on it
        case Gradient.Dense(Tensor g) -> {
          double c = coefficients.of(w, parameter);
          if (sum == null) {
            sum = scaled(g, g.elements(), c, scope);
          } else {
            elementwise.addScaled(sum.buffer(), g.buffer(), c, g.elements());
          }
        }
        case Gradient.Rows g -> {
          Tensor values = g.values();
          int n = g.count() * values.shape().size(1);
          Tensor own = scaled(values, n, coefficients.of(w, parameter), scope);
          rows.add(new Gradient.Rows(scope.share(g.rows()), own, g.count()));
        }
      }
    }
    if (parameter instanceof TableParameter table && !rows.isEmpty()) {
      return RowGradients.merge(scope, table, rows);
    }
    if (sum == null) {
      throw new IllegalStateException("gradients: no loss depends on " + parameter);
    }
    return new Gradient.Dense(sum);
  }

  private static Tensor scaled(Tensor x, int n, double factor, Scope scope) {
    Tensor y = scope.real("gradients", x.shape());
    var elementwise = scope.device().kernels().elementwise();
    elementwise.unary(Unary.AFFINE, y.buffer(), x.buffer(), n, factor, 0);
    return y;
  }
}
