// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// Which experts a task hears in a scenario:
///
/// ```
/// a_i = Meta([E_i; T]) v                   (META-8)
/// α   = softmax(a)                         (META-9)
/// R   = Σ_i α_i E_i                        (META-10)
/// ```
final class MetaAttention {
  private final DenseParameter v; // [2d, 1]
  private final String path;
  private final boolean softmax;

  /// `v [2d, 1]` under `params`.
  ///
  /// @param width d
  /// @param softmax whether α adds up to 1; it is a otherwise
  MetaAttention(int width, boolean softmax, Params params) {
    this.softmax = softmax;
    path = params.path();
    v = params.weight("v", Shape.of(2 * width, 1), Initializers.xavierUniform());
  }

  /// R `[B, d]`. Tells of α whoever watches.
  ///
  /// @param meta what the scenario says
  /// @param e the experts, `[B, k, d]`
  /// @param t the task, `[1, d]`
  Var forward(MetaUnit.Said meta, Var e, Var t, Mode mode) {
    Var h = Var.concat(2, List.of(e, t.unsqueeze(0).expand(e.shape()))); //      [B, k, 2d]
    Var a = meta.forward(h).matmul(e.tape().use(v)).squeeze(2); //               [B, k]  (META-8)
    Var alpha = a;
    if (softmax) {
      alpha = a.softmax(); //                                                    [B, k]  (META-9)
      mode.watch(path, List.of(), alpha, null);
    }
    return alpha.weightedSum(e); //                                              [B, d]  (META-10)
  }
}
