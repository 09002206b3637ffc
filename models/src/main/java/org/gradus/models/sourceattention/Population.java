// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.sourceattention;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// The mean score of every source over the nodes that have it, instead of each node's own (HAN):
///
/// ```
/// ē_r = Σ_i m_ir e_ir / Σ_i m_ir                                              (SA-6)
/// ```
///
/// Nodes that lack a source share out its weight among theirs. In training the nodes are those of the batch, in evaluation moving means
/// stand for ē, so that a node's prediction does not depend on its batch. A source that no node of a batch has keeps its mean.
final class Population {
  /// Weight of a new mean in the moving one.
  private static final double MOMENTUM = 0.1;

  private final List<DenseParameter> means; // [H] of each source

  Population(List<String> names, int heads, Params params) {
    means = names.stream().map(name -> params.state(name, Shape.of(heads), 0)).toList();
  }

  /// ē at every node, `[B, H, R]`.
  ///
  /// @param e `[B, H, R]`
  /// @param present row by row
  Var over(Var e, boolean[] present, Mode mode) {
    int rows = e.size(0);
    int n = means.size();
    double[] counts = new double[n];
    for (int i = 0; i < present.length; i++) {
      counts[i % n] += present[i] ? 1 : 0;
    }
    double[] shares = new double[present.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = present[i] ? 1 / counts[i % n] : 0;
    }
    Var share = e.tape().constant(Shape.of(rows, 1, n), shares);
    Var mean = e.multiply(share).sum(0, true); //                    [1, H, R]  (SA-6)
    if (mode.updatesStatistics()) {
      follow(mean.value().toDoubles(), counts);
    }
    return mean.expand(e.shape());
  }

  private void follow(double[] found, double[] counts) {
    // On the host in float64: H numbers a source, and the same bits on every device.
    for (int r = 0; r < counts.length; r++) {
      double[] moving = means.get(r).value().toDoubles();
      for (int h = 0; h < moving.length && counts[r] > 0; h++) {
        moving[h] += MOMENTUM * (found[h * counts.length + r] - moving[h]);
      }
      means.get(r).write(moving);
    }
  }

  /// The moving means at every node, `[B, H, R]`.
  Var means(int rows, Tape tape) {
    List<Var> each = means.stream().map(tape::use).toList();
    Var all = Var.stack(1, each).unsqueeze(0); //                    [1, H, R]
    return all.expand(Shape.of(rows, all.size(1), all.size(2)));
  }
}
