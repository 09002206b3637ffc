// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor.reference;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.SortKernels.Merged;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.gradus.tensor.host.Doubles;
import org.gradus.tensor.host.Ints;
import org.jspecify.annotations.Nullable;

/// The arithmetic of optimisers.
///
/// Each rule is written once, for one number w at place `i` with its gradient g, and applied to every
/// number of a dense buffer or of the rows given.
final class ReferenceUpdate implements UpdateKernels {
  /// A rule: what happens to the number at place `i` whose gradient is `g`.
  private interface Rule {
    void at(int i, double g);
  }

  private static void all(Buffer gb, int n, Rule rule) {
    double[] g = Doubles.of(gb);
    for (int i = 0; i < n; i++) {
      rule.at(i, g[i]);
    }
  }

  private static void rows(Table w, RowGradient gradient, Rule rule) {
    int[] rows = Ints.of(gradient.rows());
    int width = w.width();
    for (int r = 0; r < gradient.count(); r++) {
      double[] g = slope(gradient, r, width);
      for (int d = 0; d < width; d++) {
        rule.at(rows[r] * width + d, g[d]);
      }
    }
  }

  /// The gradient of the r-th of the rows.
  private static double[] slope(RowGradient gradient, int r, int width) {
    double[] g = new double[width];
    switch (gradient) {
      case RowGradient.Summed(_, Buffer values, _) ->
          System.arraycopy(Doubles.of(values), r * width, g, 0, width);
      case RowGradient.Places(Merged merged, Buffer dy, Buffer source, Buffer coefficient) -> {
        int[] segments = Ints.of(merged.segments());
        int group = merged.first() + r;
        for (int s = segments[group]; s < segments[group + 1]; s++) {
          int place = Ints.of(merged.order())[s];
          double c = coefficient == null ? 1 : Doubles.of(coefficient)[place];
          for (int d = 0; d < width; d++) {
            g[d] += c * Doubles.of(dy)[Ints.of(source)[place] + d]; // (EB-3)
          }
        }
      }
    }
    return g;
  }

  @Override
  public void sgd(Buffer w, Buffer g, double rate, int n) {
    all(g, n, sgd(Doubles.of(w), rate));
  }

  @Override
  public void sgdRows(Table w, RowGradient g, double rate) {
    rows(w, g, sgd(ReferenceTable.of(w), rate));
  }

  private static Rule sgd(double[] w, double rate) {
    return (i, g) -> w[i] -= rate * g;
  }

  @Override
  public void momentum(
      Buffer w, Buffer v, Buffer g, double rate, double momentum, boolean nesterov, int n) {
    all(g, n, momentum(Doubles.of(w), Doubles.of(v), rate, momentum, nesterov));
  }

  @Override
  public void momentumRows(
      Table w, Table v, RowGradient g, double rate, double momentum, boolean nesterov) {
    Rule rule = momentum(ReferenceTable.of(w), ReferenceTable.of(v), rate, momentum, nesterov);
    rows(w, g, rule);
  }

  private static Rule momentum(
      double[] w, double[] v, double rate, double momentum, boolean nesterov) {
    return (i, g) -> {
      v[i] = momentum * v[i] + g;
      w[i] -= rate * (nesterov ? g + momentum * v[i] : v[i]);
    };
  }

  @Override
  public void adagrad(Buffer w, Buffer s, Buffer g, double rate, double epsilon, int n) {
    all(g, n, adagrad(Doubles.of(w), Doubles.of(s), rate, epsilon));
  }

  @Override
  public void adagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    Rule rule = adagrad(ReferenceTable.of(w), ReferenceTable.of(s), rate, epsilon);
    rows(w, g, rule);
  }

  private static Rule adagrad(double[] w, double[] s, double rate, double epsilon) {
    return (i, g) -> {
      s[i] += g * g;
      w[i] -= rate * g / (Math.sqrt(s[i]) + epsilon);
    };
  }

  @Override
  public void rowWiseAdagradRows(
      Table wt, Table st, RowGradient gradient, double rate, double epsilon) {
    double[] w = ReferenceTable.of(wt);
    double[] s = ReferenceTable.of(st);
    int[] rows = Ints.of(gradient.rows());
    int width = wt.width();
    for (int r = 0; r < gradient.count(); r++) {
      double[] g = slope(gradient, r, width);
      double squares = 0;
      for (int d = 0; d < width; d++) {
        squares += g[d] * g[d];
      }
      s[rows[r]] += squares / width;
      for (int d = 0; d < width; d++) {
        w[rows[r] * width + d] -= rate * g[d] / (Math.sqrt(s[rows[r]]) + epsilon);
      }
    }
  }

  @Override
  public void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam adam, int n) {
    all(g, n, adam(Doubles.of(w), Doubles.of(m), Doubles.of(v), adam));
  }

  @Override
  public void adamRows(Table w, Table m, Table v, RowGradient g, Adam adam) {
    Rule rule = adam(ReferenceTable.of(w), ReferenceTable.of(m), ReferenceTable.of(v), adam);
    rows(w, g, rule);
  }

  @Override
  public void adamAllRows(
      Table wt, Table mt, Table vt, RowGradient gradient, Adam adam, double l2, int first) {
    double[] w = ReferenceTable.of(wt);
    Rule rule = adam(w, ReferenceTable.of(mt), ReferenceTable.of(vt), adam);
    int[] rows = Ints.of(gradient.rows());
    int count = gradient.count();
    int width = wt.width();
    int next = 0; // the first given row that was not passed yet
    for (int row = first; row < wt.rows(); row++) {
      while (next < count && rows[next] < row) {
        next++;
      }
      double[] g = next < count && rows[next] == row ? slope(gradient, next, width) : new double[0];
      for (int d = 0; d < width; d++) {
        int i = row * width + d;
        rule.at(i, g.length > 0 ? g[d] : l2 * w[i]);
      }
    }
  }

  private static Rule adam(double[] w, double[] m, double[] v, Adam adam) {
    return (i, g) -> {
      m[i] = adam.beta1() * m[i] + (1 - adam.beta1()) * g;
      v[i] = adam.beta2() * v[i] + (1 - adam.beta2()) * g * g;
      double step = m[i] * adam.correction1();
      w[i] -= adam.rate() * step / (Math.sqrt(v[i] * adam.correction2()) + adam.epsilon());
    };
  }

  @Override
  public void ftrl(Buffer w, Buffer z, Buffer s, Buffer g, Ftrl ftrl, int n) {
    all(g, n, ftrl(Doubles.of(w), Doubles.of(z), Doubles.of(s), ftrl));
  }

  @Override
  public void ftrlRows(Table w, Table z, Table s, RowGradient g, Ftrl ftrl) {
    Rule rule = ftrl(ReferenceTable.of(w), ReferenceTable.of(z), ReferenceTable.of(s), ftrl);
    rows(w, g, rule);
  }

  private static Rule ftrl(double[] w, double[] z, double[] s, Ftrl ftrl) {
    return (i, g) -> {
      double sigma = (Math.sqrt(s[i] + g * g) - Math.sqrt(s[i])) / ftrl.alpha();
      z[i] += g - sigma * w[i];
      s[i] += g * g;
      double shrunk = z[i] - Math.signum(z[i]) * ftrl.l1();
      w[i] =
          Math.abs(z[i]) <= ftrl.l1()
              ? 0
              : -shrunk / ((ftrl.beta() + Math.sqrt(s[i])) / ftrl.alpha() + ftrl.l2());
    };
  }

  @Override
  public void proximal(Buffer w, int rows, int width, double l1, double l21) {
    for (int row = 0; row < rows; row++) {
      proximal(Doubles.of(w), row * width, width, l1, l21);
    }
  }

  @Override
  public void proximalRows(Table w, Buffer rows, int count, double l1, double l21) {
    for (int r = 0; r < count; r++) {
      proximal(ReferenceTable.of(w), Ints.of(rows)[r] * w.width(), w.width(), l1, l21);
    }
  }

  private static void proximal(double[] w, int from, int width, double l1, double l21) {
    double squares = 0;
    for (int i = from; i < from + width; i++) {
      w[i] = Math.abs(w[i]) <= l1 ? 0 : w[i] - Math.signum(w[i]) * l1;
      squares += w[i] * w[i];
    }
    double norm = Math.sqrt(squares);
    for (int i = from; i < from + width && l21 > 0; i++) {
      w[i] = norm <= l21 ? 0 : w[i] * (1 - l21 / norm);
    }
  }

  @Override
  public void addRowPenalty(
      Buffer gradientsb, Table wt, Buffer rowsb, @Nullable Buffer scaleb, int count, double l2) {
    double[] gradients = Doubles.of(gradientsb);
    double[] w = ReferenceTable.of(wt);
    int[] rows = Ints.of(rowsb);
    double @Nullable [] scale = scaleb == null ? null : Doubles.of(scaleb);
    int width = wt.width();
    for (int r = 0; r < count; r++) {
      for (int d = 0; d < width; d++) {
        double lambda = scale == null ? l2 : l2 * scale[r];
        gradients[r * width + d] += lambda * w[rows[r] * width + d];
      }
    }
  }

  @Override
  public double sumOfSquaresRows(Table wt, Buffer rowsb, int count) {
    double[] w = ReferenceTable.of(wt);
    int[] rows = Ints.of(rowsb);
    int width = wt.width();
    double sum = 0;
    for (int r = 0; r < count; r++) {
      for (int i = rows[r] * width; i < (rows[r] + 1) * width; i++) {
        sum += w[i] * w[i];
      }
    }
    return sum;
  }

  @Override
  public double sumOfSquaresAll(Table wt, int first) {
    double[] w = ReferenceTable.of(wt);
    double sum = 0;
    for (int i = first * wt.width(); i < w.length; i++) {
      sum += w[i] * w[i];
    }
    return sum;
  }

  @Override
  public void decayAbsentRows(Table wt, Buffer rowsb, int count, double factor, int first) {
    double[] w = ReferenceTable.of(wt);
    int[] rows = Ints.of(rowsb);
    int width = wt.width();
    int next = 0; // the first given row that was not passed yet
    for (int row = first; row < wt.rows(); row++) {
      while (next < count && rows[next] < row) {
        next++;
      }
      if (next == count || rows[next] != row) {
        for (int i = row * width; i < (row + 1) * width; i++) {
          w[i] -= factor * w[i];
        }
      }
    }
  }
}
