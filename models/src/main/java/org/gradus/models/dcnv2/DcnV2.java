// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dcnv2;

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
import org.gradus.layers.CrossNetwork;
import org.gradus.layers.CrossStructure;
import org.gradus.layers.FullCross;
import org.gradus.layers.Linear;
import org.gradus.layers.LowRankCross;
import org.gradus.layers.MixtureCross;
import org.gradus.layers.MixtureCross.Gate;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.MatMulKernels.Activation;

/// **DCN V2** — R. Wang, R. Shivanna, D. Z. Cheng, S. Jain, D. Lin, L. Hong, E. H. Chi. WWW 2021,
/// [arXiv:2008.13535](https://arxiv.org/abs/2008.13535)
///
/// ```
/// x₀      = [e₁; …; e_F; x_num], of d numbers
/// FULL      x_{l+1} = x₀ ⊙ (W_l x_l + b_l) + x_l                      (DCN-2)
/// LOW_RANK  x_{l+1} = x₀ ⊙ (U_l (V_lᵀ x_l) + b_l) + x_l               (DCN-3)
/// MIXTURE   x_{l+1} = Σᵢ Gᵢ(x_l) Eᵢ(x_l) + x_l                        (DCN-4)
///           Eᵢ(x_l) = x₀ ⊙ (U_lⁱ g(C_lⁱ g(V_lⁱᵀ x_l)) + b_l)          (DCN-4)
///           Gᵢ(x_l) = softmaxᵢ(γᵢᵀ x_l), or σ(γᵢᵀ x_l)                (DCN-5)
/// PARALLEL  z = wᵀ [x_L; tower(x₀)] + b                               (DCN-6)
/// STACKED   z = wᵀ tower(x_L) + b                                 (DCN-6)
/// ```
///
/// Where the first paper multiplies x₀ by one number per layer, this one multiplies each of its numbers by a linear function
/// of the state, in d² weights, or in 2dr when W_l ≈ U_l V_lᵀ. A mixture takes several such pairs, each good for a part of the
/// inputs, and puts a nonlinearity into the small space. The bias is inside the product: with b_l = 0 this contains the first
/// paper's network (W_l = 1 w_lᵀ), with biases it does not.
///
/// Departs from the paper in six places: the sigmoid lives in the loss; z has a bias b, which the paper's formula leaves
/// out; the tower can also be left out; g, which the paper leaves open, is tanh unless set otherwise; weights γ of the gate
/// start uniform in ±1/√d, where by our reading the paper names no start; and of one expert there is no softmax gate, which
/// would be 1.
public final class DcnV2 implements Model {

  /// Which cross network.
  public enum CrossKind {
    /// a matrix per layer (DCN-2)
    FULL,
    /// two narrow matrices per layer (DCN-3)
    LOW_RANK,
    /// several pairs of narrow matrices per layer, and a gate (DCN-4): DCN-Mix
    MIXTURE
  }

  /// `DEFAULT` is a starting point of this library inside the paper's ranges (one to four cross layers, rank about d/4, few
  /// experts): the paper searches its settings per data set.
  ///
  /// @param widths of the embeddings
  /// @param cross the cross network
  /// @param tower layer sizes and what they have in common
  /// @param structure how cross network and tower are combined
  public record Config(Widths widths, Cross cross, Tower tower, CrossStructure structure) {
    /// D = 16, three full cross layers on which a tower of 400-400 is stacked.
    public static final Config DEFAULT =
        new Config(
            new Widths(Width.FIXED, 16, 6),
            new Cross(
                CrossKind.FULL,
                new MixtureCross.Config(3, 4, 64, Activation.TANH, Gate.SOFTMAX, false)),
            new Tower(List.of(400, 400), Mlp.Style.RELU),
            CrossStructure.STACKED);
  }

  /// The cross network.
  ///
  /// @param kind which of the three
  /// @param sizes layers L for all, rank r for the narrow ones; experts K, activation g and gate for the mixture
  public record Cross(CrossKind kind, MixtureCross.Config sizes) {}

  /// The tower.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private final ConcatenatedFields fields; // e₁ … e_F, and the numbers
  private final CrossNetwork cross; //        W_l, or U_l and V_l, with b_l; C_l and γ in a mixture
  private final Mlp deep; //                  the identity when there is no tower
  private final Linear out; //                w, b
  private final CrossStructure structure;
  private final Target target;

  /// A model for the only label of the schema.
  public DcnV2(Config config, Schema schema, Params params) {
    structure = config.structure;
    fields =
        new ConcatenatedFields(schema, config.widths, params.at("v"), Initializers.normal(0.01));
    int d = fields.width();
    MixtureCross.Config sizes = config.cross.sizes;
    Params p = params.at("cross");
    cross =
        switch (config.cross.kind) {
          case FULL -> new FullCross(d, sizes.layers(), p); //                    (DCN-2)
          case LOW_RANK -> new LowRankCross(d, sizes.layers(), sizes.rank(), p); // (DCN-3)
          case MIXTURE -> new MixtureCross(d, sizes, p); //                       (DCN-4), (DCN-5)
        };
    List<Integer> hidden = structure == CrossStructure.CROSS_ONLY ? List.of() : config.tower.hidden;
    deep = new Mlp(d, hidden, config.tower.style, params.at("deep"));
    int both = structure == CrossStructure.PARALLEL ? d + deep.out() : deep.out();
    out = new Linear(both, 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var x0 = fields.lookup(batch, mode); //                                    [B, d]
    Var x = cross.forward(x0); //                                              [B, d], x_L
    Var h =
        switch (structure) {
          case PARALLEL -> Var.concat(1, List.of(x, deep.forward(x0, mode))); // [B, d + h]  (DCN-6)
          case STACKED -> deep.forward(x, mode); //                            [B, h]  (DCN-6)
          case CROSS_ONLY -> x; //                                             [B, d]
        };
    return target.outputs(out.forward(h).squeeze(1)); //                       [B]  (DCN-6)
  }
}
