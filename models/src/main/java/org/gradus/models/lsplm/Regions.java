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

/// Several linear functions of the same features: y = Θᵀx + b.
final class Regions {
  private final FieldEmbeddings theta; //           [features, functions], a row per feature
  private final @Nullable DenseParameter bias; //   [functions], the row of the constant feature

  /// The features of a schema, which may be a part of that of the batches. Rows start as noise: from rows of zeros all
  /// regions would learn the same.
  ///
  /// @param name where the rows are below `params`; the constant feature's is `constant/<name>`
  /// @param biased whether there is a constant feature
  Regions(Schema schema, int functions, String name, boolean biased, Params params) {
    theta =
        new FieldEmbeddings(
            schema,
            functions,
            Numeric.SCALED_EMBEDDING,
            params.at(name),
            Initializers.normal(0.01));
    bias = biased ? params.at("constant").bias(name, Shape.of(functions)) : null;
  }

  /// y `[B, functions]`
  Var forward(Batch batch, Mode mode) {
    Var sum = theta.lookup(batch, mode).sum(1);
    return bias == null ? sum : sum.add(mode.tape().use(bias));
  }

  /// The rows that a batch reads, each once, without that of the constant feature.
  List<Var> rows(Batch batch, Mode mode) {
    return theta.distinctRows(batch, mode);
  }
}
