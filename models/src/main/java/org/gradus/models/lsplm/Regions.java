// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lsplm;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// Several linear functions of the same features x, one for each region, or two, the gate's and the expert's:
///
/// ```
/// y_k = Σ_r θ_rk x_r + b_k
/// ```
///
/// k runs over the functions, from 1, and r over the features; x_r is the value of feature r, θ_rk its weight in function k, and b_k
/// the weight of the constant feature. B is the number of examples in a batch.
final class Regions {
  private final FieldEmbeddings theta; //         rows θ_r of ids and dense fields, times x_r
  private final @Nullable DenseParameter bias; // b [functions], null without constant feature

  /// The features of a schema, which may be a part of that of the batches. Rows start as noise: from rows of zeros all
  /// regions would learn the same.
  ///
  /// @param functions how many, so the width of a row
  /// @param name where the rows are below `params`; the constant feature's is `constant/<name>`
  /// @param biased whether there is a constant feature
  Regions(Schema schema, int functions, String name, boolean biased, Params params) {
    theta =
        new FieldEmbeddings(
            schema,
            functions,
            Numeric.SCALED_EMBEDDING, // a dense field has a row too, times its number
            params.at(name),
            Initializers.normal(0.01));
    bias = biased ? params.at("constant").bias(name, Shape.of(functions)) : null;
  }

  /// y `[B, functions]`
  Var forward(Batch batch, Mode mode) {
    Var sum = theta.lookup(batch, mode).sum(1); // [B, functions], over fields
    return bias == null ? sum : sum.add(mode.tape().use(bias));
  }

  /// The rows that a batch reads, each once, `[rows, functions]` for each table and for the dense fields; not that of the constant
  /// feature.
  List<Var> rows(Batch batch, Mode mode) {
    return theta.distinctRows(batch, mode);
  }
}
