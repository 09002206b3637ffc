// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.youtubednn;

import java.util.Map;
import java.util.TreeMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;

/// A model in float64 whose parameters are drawn from N(0, 0.5²), with labels counted on random rows.
final class Bench implements AutoCloseable {
  final Device device = Device.open("reference");
  private final Params params;
  final YoutubeDnn model;

  Bench(Map<String, String> given, Schema schema, long seed) {
    YoutubeDnnSpec spec = new YoutubeDnnSpec();
    params = Params.create(device, seed);
    model = (YoutubeDnn) spec.createExample(spec.settings(given), schema, params);
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 0.5 * Initializers.normalAt(Counter.key(seed, p.path()), i);
      }
      switch (p) {
        case TableParameter t -> {
          java.util.Arrays.fill(values, 0, t.table().width(), 0); // padding
          t.table().write(0, values);
        }
        case DenseParameter d -> {
          if (d.role() != Parameter.Role.STATE) {
            d.write(values);
          }
        }
      }
    }
  }

  Map<String, double[]> all() {
    Map<String, double[]> all = new TreeMap<>();
    for (Parameter p : params.all()) {
      all.put(
          p.path(),
          switch (p) {
            case DenseParameter d -> d.value().toDoubles();
            case TableParameter t -> {
              double[] rows = new double[(int) t.elements()];
              t.table().read(0, rows);
              yield rows;
            }
          });
    }
    return all;
  }

  double loss(Batch batch, Mode mode) {
    return of(batch, mode).value().item();
  }

  private Var of(Batch batch, Mode mode) {
    var outputs = model.forward(batch, mode);
    return java.util.Objects.requireNonNull(outputs.losses().get(YoutubeDnn.LOSS));
  }

  /// Every loss by name.
  Map<String, Double> losses(Batch batch, boolean training) {
    try (Tape tape = Tape.recording(device)) {
      Mode mode = training ? Mode.training(tape, 1, 1) : Mode.evaluation(tape);
      Map<String, Double> all = new TreeMap<>();
      model.forward(batch, mode).losses().forEach((name, l) -> all.put(name, l.value().item()));
      return all;
    }
  }

  /// The loss of a training step.
  double trained(Batch batch) {
    try (Tape tape = Tape.recording(device)) {
      return loss(batch, Mode.training(tape, 1, 1));
    }
  }

  /// The loss in evaluation.
  double measured(Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      return loss(batch, Mode.evaluation(tape));
    }
  }

  /// Vectors of users.
  double[] users(Batch batch) {
    try (Tape tape = Tape.evaluating(device)) {
      return model.userVectors(batch, Mode.evaluation(tape)).value().toDoubles();
    }
  }

  /// Of a training step, zeros where nothing was looked up.
  Map<String, double[]> gradients(Batch batch) {
    try (Tape tape = Tape.recording(device)) {
      Gradients found = tape.backward(of(batch, Mode.training(tape, 1, 1)));
      Map<String, double[]> all = new TreeMap<>();
      for (Parameter p : params.all()) {
        double[] dense = new double[(int) p.elements()];
        switch (found.of(p)) {
          case Gradient.Dense g -> dense = g.values().toDoubles();
          case Gradient.Rows g -> {
            int width = g.values().shape().size(1);
            double[] values = g.values().toDoubles();
            for (int r = 0; r < g.count(); r++) {
              int row = g.rows().toInts()[r];
              System.arraycopy(values, r * width, dense, row * width, width);
            }
          }
          case null -> {} // not looked up
        }
        all.put(p.path(), dense);
      }
      return all;
    }
  }

  @Override
  public void close() {
    params.close();
    device.close();
  }
}
