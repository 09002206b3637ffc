// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.parity;

import java.util.Arrays;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Outputs;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Plain gradient descent of a model on one batch, written out.
///
/// @param spec the model
/// @param settings its settings
/// @param batch fed at every step
/// @param rate what a gradient is multiplied by before it is subtracted
record Descent(ModelSpec spec, Settings settings, Batch batch, double rate) {
  /// What every gradient is off by on purpose, relative to the largest number of its tensor.
  ///
  /// @param gradients by path of the parameter
  /// @param parameters relative rounding of an updated parameter
  /// @param key draws the signs
  record Shake(Map<String, Double> gradients, double parameters, long key) {
    static final Shake NONE = new Shake(Map.of(), 0, 0);

    double sign(String path, long place) {
      return Counter.bits(Counter.key(key, path), place) < 0 ? -1 : 1;
    }
  }

  /// The mean loss of a batch, on the device of the tape.
  static Var loss(Model model, Batch batch, Mode mode) {
    Outputs outputs = model.forward(batch, mode);
    if (outputs.heads().isEmpty()) {
      return outputs.losses().values().stream().reduce(Var::add).orElseThrow();
    }
    String label = batch.schema().labels().getFirst().name();
    Tensor y = mode.tape().scope().upload(Shape.of(batch.size()), batch.label(label));
    Head head = outputs.head(label);
    return switch (head) {
      case Head.Logit h -> h.z().crossEntropyWithLogits(y).mean();
      case Head.Value h -> h.value().subtract(mode.tape().constant(y)).square().mean();
      case Head.Quantiles h -> h.score().subtract(mode.tape().constant(y)).square().mean();
      case Head.Normal h ->
          h.mean().subtract(mode.tape().constant(y)).square().add(h.logVariance()).mean();
      case Head.LogProbability h -> {
        float[] labels = batch.label(label);
        boolean[] positive = new boolean[labels.length];
        for (int b = 0; b < labels.length; b++) {
          positive[b] = labels[b] == 1;
        }
        Tensor clicked = mode.tape().scope().upload(Shape.of(labels.length), positive);
        yield h.logP().where(clicked, h.logNotP()).negate().mean();
      }
    };
  }

  /// The losses before each of so many steps.
  double[] losses(Device device, int steps, Shake shake) {
    try (Params params = Params.create(device, 1)) {
      Model model = spec.createExample(settings, batch.schema(), params);
      double[] losses = new double[steps];
      for (int step = 0; step < steps; step++) {
        try (Tape tape = Tape.recording(device)) {
          Var loss = loss(model, batch, Mode.training(tape, 1, step));
          losses[step] = loss.value().toDoubles()[0];
          Gradients gradients = tape.backward(loss);
          for (Parameter p : params.all()) {
            update(p, gradients.of(p), shake, step);
          }
        }
      }
      return losses;
    }
  }

  private void update(Parameter p, @Nullable Gradient gradient, Shake shake, int step) {
    switch (gradient) {
      case Gradient.Dense(Tensor g) when p instanceof DenseParameter d ->
          d.write(descend(p.path(), d.value().toDoubles(), g.toDoubles(), shake, place(step, 0)));
      case Gradient.Rows g when p instanceof TableParameter t -> {
        Tensor rows = g.rows();
        int width = t.table().width();
        double[] all = g.values().toDoubles();
        for (int r = 0; r < g.count(); r++) {
          double[] row = new double[width];
          t.table().read(rows.toInts()[r], row);
          double[] part = Arrays.copyOfRange(all, r * width, (r + 1) * width);
          t.table()
              .write(
                  rows.toInts()[r],
                  descend(p.path(), row, part, shake, place(step, rows.toInts()[r])));
        }
      }
      case null, default -> {} // not trained, or the loss does not depend on it
    }
  }

  /// Where the signs of a step and a row of a table begin.
  private static long place(int step, int row) {
    return ((long) step << 40) + ((long) row << 20);
  }

  private double[] descend(String path, double[] x, double[] g, Shake shake, long place) {
    double largest = 0;
    for (double v : g) {
      largest = Math.max(largest, Math.abs(v));
    }
    double off = shake.gradients.getOrDefault(path, 0.0) * largest;
    double[] next = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      next[i] = x[i] - rate * (g[i] + shake.sign(path, place + 2L * i) * off);
      next[i] *= 1 + shake.sign(path, place + 2L * i + 1) * shake.parameters;
    }
    return next;
  }
}
