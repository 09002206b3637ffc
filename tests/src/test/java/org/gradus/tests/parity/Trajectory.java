// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.parity;

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
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Settings;
import org.gradus.tensor.Device;
import org.gradus.tensor.Table;
import org.gradus.tensor.Tensor;
import org.gradus.trainer.optim.Optimizer;
import org.gradus.trainer.optim.OptimizerConfig;
import org.jspecify.annotations.Nullable;

/// Training of a model on one batch with an optimiser.
///
/// @param spec the model
/// @param settings its settings
/// @param batch fed at every step
/// @param config of the optimiser
record Trajectory(ModelSpec spec, Settings settings, Batch batch, OptimizerConfig config) {
  /// The losses before each of so many steps.
  double[] losses(Device device, int steps, Descent.Shake shake) {
    try (Params params = Params.create(device, 1)) {
      Model model = spec.createExample(settings, batch.schema(), params);
      double[] losses = new double[steps];
      try (Optimizer optimizer = new Optimizer(params, config)) {
        for (int step = 0; step < steps; step++) {
          try (Tape tape = Tape.recording(device)) {
            Var loss = Descent.loss(model, batch, Mode.training(tape, 1, step));
            losses[step] = loss.value().toDoubles()[0];
            Gradients gradients = tape.backward(loss);
            for (Parameter p : params.all()) {
              shake(p.path(), gradients.of(p), shake, (long) step << 40);
            }
            optimizer.step(gradients, step + 1);
          }
          for (Parameter p : params.all()) {
            shake(p, shake, (long) step << 40);
          }
        }
      }
      return losses;
    }
  }

  /// Puts a gradient off. What is exactly zero is so on every device: nothing was added up there.
  private static void shake(
      String path, @Nullable Gradient gradient, Descent.Shake shake, long place) {
    double part = shake.gradients().getOrDefault(path, 0.0);
    if (gradient == null || part == 0) {
      return;
    }
    Tensor tensor =
        switch (gradient) {
          case Gradient.Dense(Tensor g) -> g;
          case Gradient.Rows rows -> rows.values();
        };
    double[] g = tensor.toDoubles();
    int n =
        gradient instanceof Gradient.Rows rows
            ? rows.count() * (g.length / rows.rows().elements())
            : g.length;
    double largest = 0;
    for (int i = 0; i < n; i++) {
      largest = Math.max(largest, Math.abs(g[i]));
    }
    for (int i = 0; i < n; i++) {
      g[i] += g[i] == 0 ? 0 : shake.sign(path, place + 2L * i) * part * largest;
    }
    tensor.device().upload(tensor.buffer(), g);
  }

  /// Rounds a parameter the wrong way.
  private static void shake(Parameter parameter, Descent.Shake shake, long place) {
    if (shake.parameters() == 0) {
      return;
    }
    switch (parameter) {
      case DenseParameter d -> d.write(off(d.path(), d.value().toDoubles(), shake, place));
      case TableParameter t -> {
        Table table = t.table();
        double[] all = new double[table.rows() * table.width()];
        table.read(0, all);
        table.write(0, off(t.path(), all, shake, place));
      }
    }
  }

  private static double[] off(String path, double[] x, Descent.Shake shake, long place) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= 1 + shake.sign(path, place + 2L * i + 1) * shake.parameters();
    }
    return x;
  }
}
