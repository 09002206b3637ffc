// SPDX-License-Identifier: Apache-2.0
package org.gradus.trainer.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Gradient;
import org.gradus.autograd.Gradients;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;

/// Gradients of chosen numbers, through an operation whose derivative is just those.
final class Given {
  private Given() {}

  static Gradients gradients(
      Tape tape,
      Map<DenseParameter, double[]> dense,
      Map<TableParameter, SortedMap<Integer, double[]>> rows) {
    Scope scope = tape.scope();
    List<DenseParameter> parameters = List.copyOf(dense.keySet());
    List<Var> inputs = new ArrayList<>();
    inputs.add(tape.variable(scope.upload(Shape.scalar(), 0.0)));
    parameters.forEach(p -> inputs.add(tape.use(p)));
    Var loss =
        tape.record(
            "given",
            scope.upload(Shape.scalar(), 0.0),
            (_, dx) -> {
              for (int i = 0; i < parameters.size(); i++) {
                DenseParameter p = parameters.get(i);
                dx.give(i + 1, scope.upload(p.shape(), dense.getOrDefault(p, new double[0])));
              }
              rows.forEach((table, g) -> dx.give(table, rows(scope, table.table().width(), g)));
            },
            inputs.toArray(Var[]::new));
    return tape.backward(loss);
  }

  private static Gradient.Rows rows(Scope scope, int width, SortedMap<Integer, double[]> g) {
    int[] ids = g.keySet().stream().mapToInt(i -> i).toArray();
    double[] values = g.values().stream().flatMapToDouble(java.util.Arrays::stream).toArray();
    return new Gradient.Rows(
        scope.upload(Shape.of(ids.length), ids),
        scope.upload(Shape.of(ids.length, width), values),
        ids.length);
  }
}
