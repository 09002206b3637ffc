// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.bench;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.jspecify.annotations.Nullable;

/// Counts the numbers that updates read and write: weight and state both ways, the gradient one way.
record MeteredUpdate(UpdateKernels inside, Meter meter) implements UpdateKernels {
  /// Bytes of n numbers, so many of them kept beside each weight.
  private static double dense(int n, int states) {
    return 4.0 * n * (3 + 2 * states);
  }

  /// Bytes of the rows of a gradient; one that lies at its places is read there.
  private static double rows(Table w, RowGradient g, int states) {
    double read =
        switch (g) {
          case RowGradient.Summed s -> s.count();
          case RowGradient.Places p -> MeteredJagged.places(p.merged());
        };
    return 4.0 * w.width() * (read + g.count() * (2.0 + 2 * states));
  }

  @Override
  public void sgd(Buffer w, Buffer g, double rate, int n) {
    long begun = System.nanoTime();
    inside.sgd(w, g, rate, n);
    meter.move(dense(n, 0), begun);
  }

  @Override
  public void sgdRows(Table w, RowGradient g, double rate) {
    long begun = System.nanoTime();
    inside.sgdRows(w, g, rate);
    meter.move(rows(w, g, 0), begun);
  }

  @Override
  public void momentum(
      Buffer w, Buffer v, Buffer g, double rate, double momentum, boolean nesterov, int n) {
    long begun = System.nanoTime();
    inside.momentum(w, v, g, rate, momentum, nesterov, n);
    meter.move(dense(n, 1), begun);
  }

  @Override
  public void momentumRows(
      Table w, Table v, RowGradient g, double rate, double momentum, boolean nesterov) {
    long begun = System.nanoTime();
    inside.momentumRows(w, v, g, rate, momentum, nesterov);
    meter.move(rows(w, g, 1), begun);
  }

  @Override
  public void adagrad(Buffer w, Buffer s, Buffer g, double rate, double epsilon, int n) {
    long begun = System.nanoTime();
    inside.adagrad(w, s, g, rate, epsilon, n);
    meter.move(dense(n, 1), begun);
  }

  @Override
  public void adagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    long begun = System.nanoTime();
    inside.adagradRows(w, s, g, rate, epsilon);
    meter.move(rows(w, g, 1), begun);
  }

  @Override
  public void rowWiseAdagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    long begun = System.nanoTime();
    inside.rowWiseAdagradRows(w, s, g, rate, epsilon);
    meter.move(rows(w, g, 0) + 8.0 * g.count(), begun);
  }

  @Override
  public void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam adam, int n) {
    long begun = System.nanoTime();
    inside.adam(w, m, v, g, adam, n);
    meter.move(dense(n, 2), begun);
  }

  @Override
  public void adamRows(Table w, Table m, Table v, RowGradient g, Adam adam) {
    long begun = System.nanoTime();
    inside.adamRows(w, m, v, g, adam);
    meter.move(rows(w, g, 2), begun);
  }

  @Override
  public void adamAllRows(
      Table w, Table m, Table v, RowGradient g, Adam adam, double l2, int first) {
    long begun = System.nanoTime();
    inside.adamAllRows(w, m, v, g, adam, l2, first);
    meter.move(24.0 * w.elements(), begun);
  }

  @Override
  public void ftrl(Buffer w, Buffer z, Buffer s, Buffer g, Ftrl ftrl, int n) {
    long begun = System.nanoTime();
    inside.ftrl(w, z, s, g, ftrl, n);
    meter.move(dense(n, 2), begun);
  }

  @Override
  public void ftrlRows(Table w, Table z, Table s, RowGradient g, Ftrl ftrl) {
    long begun = System.nanoTime();
    inside.ftrlRows(w, z, s, g, ftrl);
    meter.move(rows(w, g, 2), begun);
  }

  @Override
  public void proximal(Buffer w, int rows, int width, double l1, double l21) {
    inside.proximal(w, rows, width, l1, l21);
  }

  @Override
  public void proximalRows(Table w, Buffer rows, int count, double l1, double l21) {
    inside.proximalRows(w, rows, count, l1, l21);
  }

  @Override
  public void addRowPenalty(
      Buffer gradients, Table w, Buffer rows, @Nullable Buffer scale, int count, double l2) {
    inside.addRowPenalty(gradients, w, rows, scale, count, l2);
  }

  @Override
  public double sumOfSquaresRows(Table w, Buffer rows, int count) {
    return inside.sumOfSquaresRows(w, rows, count);
  }

  @Override
  public double sumOfSquaresAll(Table w, int first) {
    return inside.sumOfSquaresAll(w, first);
  }

  @Override
  public void decayAbsentRows(Table w, Buffer rows, int count, double factor, int first) {
    inside.decayAbsentRows(w, rows, count, factor, first);
  }
}
