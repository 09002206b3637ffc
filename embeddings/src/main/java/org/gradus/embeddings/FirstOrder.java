// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// The linear term that many papers share: one weight per feature, no bias inside.
///
/// ```
/// ℓ(x) = Σ categorical w[c_f] + Σ multi-valued pool w[c] + Σ dense w_f x_f   (S-2)
/// ```
public final class FirstOrder {
  private final FieldEmbeddings weights; // width 1

  /// Weights for the fields of a schema, initially 0.
  public FirstOrder(Schema schema, Params params) {
    weights =
        new FieldEmbeddings(
            schema, 1, FieldEmbeddings.Numeric.SCALED_EMBEDDING, params, Initializers.zeros());
  }

  /// ℓ(x), `[B]`.
  public Var forward(Batch batch, Mode mode) {
    return weights.lookup(batch, mode).squeeze(2).sum(1); // (S-2)
  }
}
