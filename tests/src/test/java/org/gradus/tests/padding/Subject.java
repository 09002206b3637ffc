// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.padding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Outputs;
import org.gradus.models.Settings;
import org.gradus.tensor.Counter;
import org.gradus.tensor.Device;
import org.gradus.tensor.Tensor;

/// A model in float64 whose parameters are drawn from N(0, 0.5²), and everything that it says of a batch.
final class Subject implements AutoCloseable {
  private final Device device = Device.open("reference");
  private final Params params;
  private final Model model;

  Subject(ModelSpec spec, Settings settings, Schema schema) {
    params = Params.create(device, 1);
    model = spec.createExample(settings, schema, params);
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      for (int i = 0; i < values.length; i++) {
        double z = 0.5 * Initializers.normalAt(Counter.key(1, p.path()), i);
        values[i] = p.role() == Parameter.Role.STATE ? 1 + z * z : z; // a variance is positive
      }
      switch (p) {
        case DenseParameter d -> d.write(values);
        case TableParameter t -> t.table().write(0, values);
      }
    }
    padding(0);
  }

  @Override
  public void close() {
    params.close();
    device.close();
  }

  /// Fills the padding rows of all tables.
  void padding(double value) {
    for (Parameter p : params.all()) {
      if (p instanceof TableParameter t && t.paddingId() >= 0) {
        double[] row = new double[t.table().width()];
        Arrays.fill(row, value);
        t.table().write(t.paddingId(), row);
      }
    }
  }

  /// What a pass says of the first rows of a batch, by name: heads, and gradients of a weighed sum of the heads; in training the
  /// auxiliary losses besides, which enter the sum.
  Map<String, double[]> says(Batch batch, int rows, boolean training) {
    try (Tape tape = Tape.recording(device)) {
      Mode mode = training ? Mode.training(tape, 1, 1).withoutSideEffects() : Mode.evaluation(tape);
      Outputs outputs = model.forward(batch, mode);
      Map<String, double[]> said = new TreeMap<>();
      List<Var> terms = new ArrayList<>();
      for (Map.Entry<String, Head> e : outputs.heads().entrySet()) {
        Var score = e.getValue().score();
        double[] numbers = Arrays.copyOf(score.value().toDoubles(), rows);
        said.put("head " + e.getKey(), numbers);
        double[] weights = new double[score.size(0)];
        for (int b = 0; b < rows; b++) {
          weights[b] = 1 + b;
        }
        terms.add(score.multiply(tape.constant(score.shape(), weights)).sum());
      }
      outputs
          .losses()
          .forEach(
              (name, loss) -> {
                said.put("loss " + name, loss.value().toDoubles());
                terms.add(loss.reshape());
              });
      if (terms.isEmpty()) {
        return said; // a model of losses alone says nothing in evaluation
      }
      Var total = terms.getFirst();
      for (Var term : terms.subList(1, terms.size())) {
        total = total.add(term);
      }
      gradients(tape.backward(total), said);
      return said;
    }
  }

  private void gradients(Gradients found, Map<String, double[]> said) {
    for (Parameter p : params.all()) {
      double[] values = new double[(int) p.elements()];
      switch (found.of(p)) {
        case Gradient.Dense(Tensor g) -> values = g.toDoubles();
        case Gradient.Rows g -> {
          int[] rows = g.rows().toInts();
          double[] all = g.values().toDoubles();
          int width = g.values().shape().size(1);
          for (int r = 0; r < g.count(); r++) {
            System.arraycopy(all, r * width, values, rows[r] * width, width);
          }
        }
        case null -> {} // nothing depends on it
      }
      said.put("gradient " + p.path(), values);
    }
  }
}
