// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Parameter;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Device;
import org.gradus.tensor.ElementwiseKernels;
import org.gradus.tensor.ElementwiseKernels.Unary;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.gradus.tensor.UpdateKernels;
import org.gradus.trainer.store.Stored;
import org.jspecify.annotations.Nullable;

/// The step of a dense parameter.
final class DenseUpdate implements Update {
  private final DenseParameter parameter;
  private final Group group;
  private final Device device;
  private final AdamNumbers adamNumbers;
  private final Scope scope;
  private final List<Tensor> state = new ArrayList<>();
  private final int n;
  private final @Nullable Tensor importance; // I, one of each row
  private @Nullable Tensor gradient;

  DenseUpdate(DenseParameter parameter, Group group, Device device, AdamNumbers adamNumbers) {
    this.parameter = parameter;
    this.group = group;
    this.device = device;
    this.adamNumbers = adamNumbers;
    this.scope = new Scope(device);
    this.n = parameter.value().elements();
    for (String name : group.rule().state()) {
      Tensor t = scope.real(parameter.path() + "@" + name, parameter.shape());
      device.kernels().elementwise().fill(t.buffer(), initial(), n);
      state.add(t);
    }
    importance = group.rowRates() == null ? null : importance();
    if (group.rule() instanceof Rule.Ftrl ftrl) {
      double[] z = parameter.value().toDoubles();
      for (int i = 0; i < n; i++) {
        z[i] = Update.ftrlStart(z[i], group.rate(), ftrl);
      }
      device.upload(state.getFirst().buffer(), z);
    }
  }

  private Tensor importance() {
    int axes = parameter.shape().rank();
    int rows = axes < 2 ? 1 : n / parameter.shape().size(axes - 1);
    Tensor t = scope.real(parameter.path() + "@importance", Shape.of(rows));
    device.kernels().elementwise().fill(t.buffer(), 0, rows);
    return t;
  }

  private double initial() {
    return switch (group.rule()) {
      case Rule.Adagrad r -> r.initial();
      case Rule.RowWiseAdagrad r -> r.initial();
      case Rule.Sgd _, Rule.Adam _, Rule.Ftrl _, Rule.Proximal _ -> 0;
    };
  }

  @Override
  public Parameter parameter() {
    return parameter;
  }

  @Override
  public Group group() {
    return group;
  }

  private boolean penalised() {
    return parameter.role() == Parameter.Role.WEIGHT && !group.penalty().none();
  }

  @Override
  public double take(@Nullable Gradient given, Scope step) {
    ElementwiseKernels elementwise = device.kernels().elementwise();
    switch (given) {
      case Gradient.Dense(Tensor values) -> gradient = writable(values, step);
      case null -> {
        gradient = step.real("gradient", parameter.shape());
        elementwise.fill(gradient.buffer(), 0, n);
      }
      case Gradient.Rows _ ->
          throw new IllegalArgumentException(
              "optimiser: " + parameter.path() + " is dense, its gradient holds rows.");
    }
    if (!penalised()) {
      return 0;
    }
    Penalty penalty = group.penalty();
    Buffer w = parameter.value().buffer();
    Buffer g = gradient.buffer();
    double value = 0;
    if (penalty.l2() > 0) {
      elementwise.addScaled(g, w, penalty.l2(), n);
      value += 0.5 * penalty.l2() * device.kernels().reduce().sumOfSquares(w, n);
    }
    if (penalty.l1() > 0) {
      addMagnitudePenalty(device, step, g, w, penalty.l1(), n);
      value += penalty.l1() * device.kernels().reduce().sumOfMagnitudes(w, n);
    }
    return value;
  }

  /// g += λ₁ · sign(w)
  static void addMagnitudePenalty(Device device, Scope step, Buffer g, Buffer w, double l1, int n) {
    ElementwiseKernels elementwise = device.kernels().elementwise();
    Tensor slope = step.real("penalty", Shape.of(n));
    Tensor lambda = step.real("penalty", Shape.of(n));
    elementwise.fill(lambda.buffer(), l1, n);
    elementwise.unaryBackward(Unary.ABS, slope.buffer(), lambda.buffer(), w, w, n, 0, 0);
    elementwise.addScaled(g, slope.buffer(), 1, n);
    step.release(lambda);
    step.release(slope);
  }

  /// The tensor itself when nobody else reads its memory and it may be changed, otherwise a copy.
  private Tensor writable(Tensor values, Scope step) {
    if (values.sole()) {
      return values;
    }
    Tensor copy = step.real("gradient", values.shape());
    device
        .kernels()
        .elementwise()
        .unary(Unary.AFFINE, copy.buffer(), values.buffer(), values.elements(), 1, 0);
    return copy;
  }

  private Tensor taken() {
    if (gradient == null) {
      throw new IllegalStateException("optimiser: no gradient was taken for " + parameter.path());
    }
    return gradient;
  }

  @Override
  public double squaredNorm() {
    return device.kernels().reduce().sumOfSquares(taken().buffer(), n);
  }

  @Override
  public void scale(double factor) {
    Buffer g = taken().buffer();
    device.kernels().elementwise().unary(Unary.AFFINE, g, g, n, factor, 0);
  }

  @Override
  public int firstNonFinite() {
    return device.kernels().reduce().firstNonFinite(taken().buffer(), n);
  }

  @Override
  public void move(double rate, long step) {
    RowRates rates = group.rowRates();
    if (rates == null || importance == null) {
      follow(rate, step);
      return;
    }
    double[] i = importance.toDoubles();
    rates.update(i, taken().toDoubles());
    device.upload(importance.buffer(), i);
    for (int k = 0; k < i.length; k++) {
      i[k] *= Update.correction(rates.decay(), step);
    }
    double[] kappa = rates.factors(i);
    double[] before = parameter.value().toDoubles();
    follow(rate, step);
    double[] after = parameter.value().toDoubles();
    int width = n / kappa.length;
    for (int c = 0; c < n; c++) {
      after[c] = before[c] + kappa[c / width] * (after[c] - before[c]);
    }
    parameter.write(after);
  }

  /// The rule's step.
  private void follow(double rate, long step) {
    UpdateKernels update = device.kernels().update();
    Buffer w = parameter.value().buffer();
    Buffer g = taken().buffer();
    switch (group.rule()) {
      case Rule.Sgd sgd -> {
        if (sgd.momentum() == 0) {
          update.sgd(w, g, rate, n);
        } else {
          update.momentum(w, state(0), g, rate, sgd.momentum(), sgd.nesterov(), n);
        }
      }
      case Rule.Adagrad r -> update.adagrad(w, state(0), g, rate, r.epsilon(), n);
      case Rule.RowWiseAdagrad r -> update.adagrad(w, state(0), g, rate, r.epsilon(), n);
      case Rule.Adam adam ->
          update.adam(w, state(0), state(1), g, adamNumbers.of(adam, rate, step), n);
      case Rule.Ftrl r ->
          update.ftrl(
              w, state(0), state(1), g, new UpdateKernels.Ftrl(rate, r.beta(), r.l1(), r.l2()), n);
      case Rule.Proximal(var l1, var l21) -> {
        update.sgd(w, g, rate, n);
        if (parameter.role() == Parameter.Role.WEIGHT) {
          int axes = parameter.shape().rank();
          int width = axes == 0 ? 1 : parameter.shape().size(axes - 1);
          update.proximal(w, n / width, width, rate * l1, rate * l21);
        }
      }
    }
    gradient = null;
  }

  private Buffer state(int index) {
    return state.get(index).buffer();
  }

  @Override
  public void collect(SortedMap<String, Stored> into) {
    List<String> names = group.rule().state();
    for (int i = 0; i < names.size(); i++) {
      into.put(parameter.path() + "@" + names.get(i), new Stored.Dense(state.get(i)));
    }
    if (importance != null) {
      into.put(parameter.path() + "@importance", new Stored.Dense(importance));
    }
  }

  @Override
  public void close() {
    scope.close();
  }
}
