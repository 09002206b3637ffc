// SPDX-License-Identifier: Apache-2.0
package org.gradus.cuda;

import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RowGradient;
import org.gradus.tensor.Table;
import org.gradus.tensor.UpdateKernels;
import org.jspecify.annotations.Nullable;

/// The arithmetic of optimisers: `update.cu`.
final class CudaUpdate implements UpdateKernels {
  private final CudaDevice device;
  private final Launch launch;
  private final Partials partials;
  private final Module module;
  private final Rule sgd;
  private final Rule momentum;
  private final Rule adagrad;
  private final Rule adam;
  private final Rule ftrl;
  private final Rule proximal;
  private final Kernel rowWiseAdagrad;
  private final Kernel adamAllRows;
  private final Kernel rowPenalty;
  private final Kernel squaresOfRows;
  private final Kernel decayAbsent;
  private final Kernel squares;

  /// The kernels of a rule, over dense buffers and over rows.
  private record Rule(Kernel dense, Kernel rows) {}

  CudaUpdate(CudaDevice device) {
    this.device = device;
    launch = device.launch();
    partials = new Partials(device);
    module = device.module("update");
    sgd = rule("sgd");
    momentum = rule("momentum");
    adagrad = rule("adagrad");
    adam = rule("adam");
    ftrl = rule("ftrl");
    proximal = rule("proximal");
    rowWiseAdagrad = module.kernel("row_wise_adagrad");
    adamAllRows = module.kernel("adam_all_rows");
    rowPenalty = module.kernel("row_penalty");
    squaresOfRows = module.kernel("squares_of_rows");
    decayAbsent = module.kernel("decay_absent");
    squares = device.module("reduce").kernel("magnitude");
  }

  private Rule rule(String name) {
    return new Rule(module.kernel(name), module.kernel(name + "_rows"));
  }

  /// What is launched with a gradient of rows, summed.
  private interface WithRows {
    void launch(Buffer rows, Buffer values, long n);
  }

  private void summed(Table w, RowGradient gradient, WithRows body) {
    int width = w.width();
    long n = (long) gradient.count() * width;
    switch (gradient) {
      case RowGradient.Summed(Buffer rows, Buffer values, _) -> body.launch(rows, values, n);
      case RowGradient.Places places -> {
        Buffer sums = device.allocate(Kind.REAL, (int) n);
        try {
          device
              .kernels()
              .jagged()
              .sumRows(
                  sums, places.dy(), places.merged(), places.source(), places.coefficient(), width);
          body.launch(places.rows(), sums, n);
        } finally {
          device.release(sums);
        }
      }
    }
  }

  @Override
  public void sgd(Buffer w, Buffer g, double rate, int n) {
    launch.of(sgd.dense()).buffer(w).buffer(g).real(rate).number(n).each(n);
  }

  @Override
  public void sgdRows(Table w, RowGradient g, double rate) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(sgd.rows())
                .table(w)
                .buffer(rows)
                .buffer(values)
                .real(rate)
                .number(w.width())
                .big(n)
                .each(n));
  }

  @Override
  public void momentum(
      Buffer w, Buffer v, Buffer g, double rate, double factor, boolean nesterov, int n) {
    launch
        .of(momentum.dense())
        .buffer(w)
        .buffer(v)
        .buffer(g)
        .real(rate)
        .real(factor)
        .flag(nesterov)
        .number(n)
        .each(n);
  }

  @Override
  public void momentumRows(
      Table w, Table v, RowGradient g, double rate, double factor, boolean nesterov) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(momentum.rows())
                .table(w)
                .table(v)
                .buffer(rows)
                .buffer(values)
                .real(rate)
                .real(factor)
                .flag(nesterov)
                .number(w.width())
                .big(n)
                .each(n));
  }

  @Override
  public void adagrad(Buffer w, Buffer s, Buffer g, double rate, double epsilon, int n) {
    launch
        .of(adagrad.dense())
        .buffer(w)
        .buffer(s)
        .buffer(g)
        .real(rate)
        .real(epsilon)
        .number(n)
        .each(n);
  }

  @Override
  public void adagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(adagrad.rows())
                .table(w)
                .table(s)
                .buffer(rows)
                .buffer(values)
                .real(rate)
                .real(epsilon)
                .number(w.width())
                .big(n)
                .each(n));
  }

  @Override
  public void rowWiseAdagradRows(Table w, Table s, RowGradient g, double rate, double epsilon) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(rowWiseAdagrad)
                .table(w)
                .table(s)
                .buffer(rows)
                .buffer(values)
                .real(rate)
                .real(epsilon)
                .number(w.width())
                .number(g.count())
                .warps(g.count()));
  }

  /// `struct Adam`
  private static double[] struct(Adam a) {
    return new double[] {
      a.rate(),
      a.beta1(),
      1 - a.beta1(),
      a.beta2(),
      1 - a.beta2(),
      a.epsilon(),
      a.correction1(),
      a.correction2()
    };
  }

  @Override
  public void adam(Buffer w, Buffer m, Buffer v, Buffer g, Adam a, int n) {
    launch
        .of(adam.dense())
        .buffer(w)
        .buffer(m)
        .buffer(v)
        .buffer(g)
        .struct(struct(a))
        .number(n)
        .each(n);
  }

  @Override
  public void adamRows(Table w, Table m, Table v, RowGradient g, Adam a) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(adam.rows())
                .table(w)
                .table(m)
                .table(v)
                .buffer(rows)
                .buffer(values)
                .struct(struct(a))
                .number(w.width())
                .big(n)
                .each(n));
  }

  @Override
  public void adamAllRows(Table w, Table m, Table v, RowGradient g, Adam a, double l2, int first) {
    long all = (long) Math.max(w.rows() - first, 0) * w.width();
    summed(
        w,
        g,
        (rows, values, _) ->
            launch
                .of(adamAllRows)
                .table(w)
                .table(m)
                .table(v)
                .buffer(rows)
                .buffer(values)
                .struct(struct(a))
                .real(l2)
                .number(g.count())
                .number(first)
                .number(w.width())
                .big(all)
                .each(all));
  }

  /// `struct Ftrl`
  private static double[] struct(Ftrl f) {
    return new double[] {f.alpha(), f.beta(), f.l1(), f.l2()};
  }

  @Override
  public void ftrl(Buffer w, Buffer z, Buffer s, Buffer g, Ftrl f, int n) {
    launch
        .of(ftrl.dense())
        .buffer(w)
        .buffer(z)
        .buffer(s)
        .buffer(g)
        .struct(struct(f))
        .number(n)
        .each(n);
  }

  @Override
  public void ftrlRows(Table w, Table z, Table s, RowGradient g, Ftrl f) {
    summed(
        w,
        g,
        (rows, values, n) ->
            launch
                .of(ftrl.rows())
                .table(w)
                .table(z)
                .table(s)
                .buffer(rows)
                .buffer(values)
                .struct(struct(f))
                .number(w.width())
                .big(n)
                .each(n));
  }

  @Override
  public void proximal(Buffer w, int rows, int width, double l1, double l21) {
    launch.of(proximal.dense()).buffer(w).real(l1).real(l21).number(rows).number(width).warps(rows);
  }

  @Override
  public void proximalRows(Table w, Buffer rows, int count, double l1, double l21) {
    launch
        .of(proximal.rows())
        .table(w)
        .buffer(rows)
        .real(l1)
        .real(l21)
        .number(count)
        .number(w.width())
        .warps(count);
  }

  @Override
  public void addRowPenalty(
      Buffer gradients, Table w, Buffer rows, @Nullable Buffer scale, int count, double l2) {
    long n = (long) count * w.width();
    launch
        .of(rowPenalty)
        .buffer(gradients)
        .table(w)
        .buffer(rows)
        .buffer(scale)
        .real(l2)
        .number(w.width())
        .big(n)
        .each(n);
  }

  @Override
  public double sumOfSquaresRows(Table w, Buffer rows, int count) {
    long n = (long) count * w.width();
    launch.of(squaresOfRows).address(partials.address()).table(w).buffer(rows);
    return partials.sum(launch.number(w.width()).big(n), n);
  }

  @Override
  public double sumOfSquaresAll(Table w, int first) {
    long n = (long) Math.max(w.rows() - first, 0) * w.width();
    long from = CudaTable.of(w).memory().address() + (long) first * w.width() * Float.BYTES;
    launch.of(squares).address(partials.address()).address(from).flag(true).big(n);
    return partials.sum(launch, n);
  }

  @Override
  public void decayAbsentRows(Table w, Buffer rows, int count, double factor, int first) {
    long n = (long) Math.max(w.rows() - first, 0) * w.width();
    launch
        .of(decayAbsent)
        .table(w)
        .buffer(rows)
        .number(count)
        .real(factor)
        .number(first)
        .number(w.width())
        .big(n)
        .each(n);
  }
}
