// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcn;

import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.CrossStructure;
import org.gradus.layers.Linear;
import org.gradus.layers.Mlp;
import org.gradus.layers.VectorCross;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;

/// **Deep & Cross** — R. Wang, B. Fu, G. Fu, M. Wang. ADKDD 2017, [arXiv:1708.05123](https://arxiv.org/abs/1708.05123)
///
/// ```
/// x₀      = [e₁; …; e_F; x_num], of d numbers
/// x_{l+1} = x₀ (x_lᵀ w_l) + b_l + x_l,   l = 0 … L−1         (DCN-1)
/// h       = tower(x₀), each layer ReLU(W h + b)
/// z       = wᵀ [x_L; h] + b                                  (DCN-6)
/// ```
///
/// x_lᵀ w_l is one number per example, so a layer costs O(d): the d × d product x₀ x_lᵀ is never built. x_L holds products of
/// degree 1 … L + 1 of *numbers*, also of two numbers of one embedding. Degree 1 is among them, so there is no linear term
/// besides.
///
/// Departs from the paper in four places: the sigmoid lives in the loss; z has a bias, which the paper's formula for the
/// combination leaves out; tower and cross network can also be stacked, as in the second paper, or the tower left out; and
/// dense fields enter as they come, where the paper takes their logarithm, which is a matter of data preparation.
public final class Dcn implements Model {

  /// `PAPER` is the best Criteo setting of the section "Performance".
  ///
  /// @param widths of the embeddings
  /// @param layers L
  /// @param tower layer sizes and what they have in common
  /// @param structure how cross network and tower are combined
  public record Config(Widths widths, int layers, Tower tower, CrossStructure structure) {
    /// D_f = 6 n^¼, six cross layers, a tower of two layers of 1024 with batch norm.
    public static final Config PAPER =
        new Config(
            new Widths(Width.FOURTH_ROOT, 16, 6),
            6,
            new Tower(List.of(1024, 1024), Mlp.Style.RELU.withBatchNorm(true)),
            CrossStructure.PARALLEL);
  }

  /// The tower.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private final ConcatenatedFields fields; // e₁ … e_F, and the numbers
  private final VectorCross cross; //         w_l, b_l
  private final Mlp deep; //                  the identity when there is no tower
  private final Linear out; //                w, b
  private final CrossStructure structure;
  private final Target target;

  /// A model for the only label of the schema.
  public Dcn(Config config, Schema schema, Params params) {
    structure = config.structure;
    fields =
        new ConcatenatedFields(schema, config.widths, params.at("v"), Initializers.normal(0.01));
    int d = fields.width();
    cross = new VectorCross(d, config.layers, params.at("cross"));
    List<Integer> hidden = structure == CrossStructure.CROSS_ONLY ? List.of() : config.tower.hidden;
    deep = new Mlp(d, hidden, config.tower.style, params.at("deep"));
    int both = structure == CrossStructure.PARALLEL ? d + deep.out() : deep.out();
    out = new Linear(both, 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x0 = fields.lookup(batch, mode); //                                    [B, d]
    Var x = cross.forward(x0); //                                              [B, d]  (DCN-1)
    Var h =
        switch (structure) {
          case PARALLEL -> Var.concat(1, List.of(x, deep.forward(x0, mode))); // [B, d + h]  (DCN-6)
          case STACKED -> deep.forward(x, mode); //                            [B, h]  (DCN-6)
          case CROSS_ONLY -> x; //                                             [B, d]
        };
    return target.outputs(out.forward(h).squeeze(1)); //                       [B]  (DCN-6)
  }
}
