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
/// p = σ(z) = 1 / (1 + e^{−z})                                (2)
/// ```
///
/// i runs over the features: one for each id of each field, and one for each dense field. xᵢ is the value of feature i in an
/// example: 1 for the id of a categorical field, what its pooling makes of each id of a multi-valued field (1 for a sum, 1/m for
/// the mean of m), the number of a dense field, and 0 for what is not there. wᵢ is its weight, w₀ a bias, z the log-odds and p the
/// probability of a click. The numbers (1) and (2) are ours. B is the number of examples in a batch.
///
/// Departs from the paper in four places: the sigmoid of (2) lives in the loss; features are the fields of the data, where
/// the paper has those of an advertisement, by our reading with their logarithms and squares; any optimiser trains it, by batches,
/// where the paper has L-BFGS under a Gaussian prior; and for a regression label z itself is the prediction.
public final class Lr implements Model {
  private final FirstOrder w; //        Σᵢ wᵢ xᵢ, one weight per feature, at first 0
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
