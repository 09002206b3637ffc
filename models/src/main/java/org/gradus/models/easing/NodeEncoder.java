// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Dropout;
import org.gradus.layers.Linear;
import org.gradus.tensor.Shape;

/// One vector per node, from where it stands and from what is known of it:
///
/// ```
/// x_s = ELU([e₁; …; e_F] W + b),   e_f pooled over the neighbours along one type of edge
/// x_c = ELU(n W′ + b′),            n the numbers of the node
/// x   = dropout([x_s; x_c])                                          (EA-1)
/// ```
///
/// A field of several ids is the neighbourhood of a node along one type of edge; fields that name one table share the vectors of nodes. A
/// node without neighbours gets a message of zeros. In training at most f neighbours per field are read, drawn anew at every step;
/// evaluation reads all of them, so that it has no randomness.
final class NodeEncoder {
  private final FieldEmbeddings nodes;
  private final Linear structure;
  private final Linear content;
  private final Dropout dropout;
  private final Neighbours neighbours;

  /// What a user may set.
  ///
  /// @param embeddingDim width of e
  /// @param width of x_s and of x_c
  /// @param neighbours f; 0 for all
  /// @param dropout share of x dropped
  record Config(int embeddingDim, int width, int neighbours, double dropout) {}

  /// Tables under `nodes`, layers `structure` and `content`.
  NodeEncoder(Schema schema, Config config, Params params) {
    nodes =
        new FieldEmbeddings(
            schema,
            config.embeddingDim,
            FieldEmbeddings.Numeric.RAW,
            params.at("nodes"),
            Initializers.normal(0.1));
    structure =
        new Linear(nodes.count() * config.embeddingDim, config.width, params.at("structure"));
    content = new Linear(schema.dense().size(), config.width, params.at("content"));
    dropout = new Dropout(config.dropout, params);
    neighbours = new Neighbours(config.neighbours, params.path());
  }

  /// x `[B, 2 width]`.
  Var forward(Batch batch, Mode mode) {
    Var e = nodes.lookup(neighbours.of(batch, mode), mode).flatten(1); // [B, F·D_e]
    Var structural = structure.forward(e).elu(1); //                      [B, d]
    Shape numbers = Shape.of(batch.size(), content.in());
    Var n = mode.tape().constant(numbers, batch.dense()); //              [B, c]
    Var known = content.forward(n).elu(1); //                             [B, d]
    Var x = Var.concat(1, List.of(structural, known)); //                 [B, D]  (EA-1)
    return dropout.forward(x, mode);
  }
}
