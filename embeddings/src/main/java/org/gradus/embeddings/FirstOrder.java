// SPDX-License-Identifier: Apache-2.0
package org.gradus.embeddings;

import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// The linear term ℓ(x) of an example x that many papers share: one weight per feature, that is, per id and per dense field, and no
/// bias inside.
///
/// ```
/// ℓ(x) = Σ_{f categorical} w[c_f] + Σ_{f multi-valued} pool_c w[c] + Σ_{f dense} w_f x_f   (S-2)
/// ```
///
/// f runs over the fields of each kind. c_f is the id of a categorical field, c runs over the ids of a multi-valued one, whose
/// weights are pooled as the field says: added up, averaged, … `w[c]` is the number in row c of the field's table; fields that share
/// a table share it, and row 0, padding, is 0. A dense field has the number x_f and the weight w_f. Sequences are not read.
public final class FirstOrder {
  private final FieldEmbeddings weights; // width 1

  /// Weights for the fields of a schema, initially 0: `<table>` for ids and `numeric` for dense fields, under `params`.
  public FirstOrder(Schema schema, Params params) {
    weights =
        new FieldEmbeddings(
            schema, 1, FieldEmbeddings.Numeric.SCALED_EMBEDDING, params, Initializers.zeros());
  }

  /// ℓ(x) of each of B examples, `[B]`.
  public Var forward(Batch batch, Mode mode) {
    return weights.lookup(batch, mode).squeeze(2).sum(1); // (S-2)
  }
}
