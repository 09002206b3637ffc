// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lr;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;

/// **Logistic regression** — Richardson, Dominowska, Ragno. WWW 2007,
/// [doi:10.1145/1242572.1242643](https://doi.org/10.1145/1242572.1242643)
///
/// ```
/// z = w₀ + Σᵢ wᵢ xᵢ                                          (1)
/// p = σ(z)                                                   (2)
/// ```
///
/// Departs from the paper in four places: the sigmoid of (2) lives in the loss; features are the fields of the data, where
/// the paper has those of an advertisement; any optimiser trains it, by batches, where the paper has L-BFGS under a
/// Gaussian prior; and for a regression label z itself is the prediction.
public final class Lr implements Model {
  private final FirstOrder w; //        one weight per feature
  private final DenseParameter bias; // w₀
  private final Target target;

  /// A model for the only label of the schema.
  public Lr(Schema schema, Params params) {
    w = new FirstOrder(schema, params.at("w"));
    bias = params.bias("bias", Shape.scalar());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var z = w.forward(batch, mode).add(mode.tape().use(bias)); // [B]  (1)
    return target.outputs(z);
  }
}
