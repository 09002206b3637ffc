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
/// x₀ = [e₁; …; e_F; x_num], of d numbers;  l = 0 … L − 1
/// FULL       x_{l+1} = x₀ ⊙ (W_l x_l + b_l) + x_l                     (DCN-2)
/// LOW_RANK   x_{l+1} = x₀ ⊙ (U_l (V_lᵀ x_l) + b_l) + x_l              (DCN-3)
/// MIXTURE    x_{l+1} = Σᵢ Gᵢ(x_l) Eᵢ(x_l) + x_l,   i = 1 … K          (DCN-4)
///            Eᵢ(x_l) = x₀ ⊙ (U_lⁱ g(C_lⁱ g((V_lⁱ)ᵀ x_l)) + b_l)       (DCN-4)
///            Gᵢ(x_l) = exp(γᵢᵀ x_l) / Σⱼ exp(γⱼᵀ x_l), or σ(γᵢᵀ x_l)  (DCN-5)
/// PARALLEL   z = w_logitᵀ [x_L; tower(x₀)] + b_logit                  (DCN-6)
/// STACKED    z = w_logitᵀ tower(x_L) + b_logit                        (DCN-6)
/// CROSS_ONLY z = w_logitᵀ x_L + b_logit                               (DCN-6)
/// ```
///
/// F is the number of categorical and multi-valued fields, e₁ … e_F are their embeddings, x_num the dense fields, and [;] puts vectors one behind
/// the other. x_l is the state after l of L cross layers, d numbers like b_l, the bias of the layer that makes x_{l+1}; ⊙
/// multiplies number by number, and ᵀ transposes. W_l is d × d; U_l and V_l are d × r, r being the rank. i and j run over the K
/// experts of a layer: expert i has U_lⁱ and V_lⁱ, d × r, and C_lⁱ, r × r, and gives Eᵢ. g is an activation, Gᵢ the gate, one
/// number that says how much expert i counts, γᵢ its d weights for expert i, the same in all layers unless each layer is given
/// its own, and σ the logistic function. tower is fully connected layers with ReLU; w_logit are the weights of the score z,
/// b_logit is its bias.
///
/// Where the first paper multiplies x₀ by one number per layer, this one multiplies each of its numbers by a linear function
/// of the state, in d² weights, or in 2dr when W_l ≈ U_l V_lᵀ. A mixture takes several such pairs, each good for a part of the
/// inputs, and puts a nonlinearity into the small space. The bias is inside the product: with b_l = 0 this contains the first
/// paper's network, as W_l = 1 w_lᵀ, where 1 is a vector of ones and w_l that paper's weights; with biases it does not.
///
/// The numbers of equations are ours: (DCN-2) is eq. 1 of the paper, (DCN-3) eq. 2, (DCN-4) eqs. 3 and 4, by our reading;
/// (DCN-5) and (DCN-6) have none there.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in eight places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; z has a bias, which the paper's formula leaves out;
/// the tower can also be left out; dense fields enter as they come, where the paper normalises them; a multi-valued field is
/// pooled as its field says, where the paper takes the mean; g, which the paper leaves open, is tanh unless set otherwise, and
/// the gate, whose form it leaves open too, reads x_l by weights γ without a bias; and matrices start with the variance
/// 2/(inputs + outputs), γ uniform in ±1/√d, where by our reading the paper starts matrices with the variance 2/inputs.
public final class DcnV2 implements Model {

  /// Which cross network.
  public enum CrossKind {
    /// a d × d matrix per layer (DCN-2)
    FULL,
    /// two d × r matrices per layer (DCN-3)
    LOW_RANK,
    /// K experts per layer, each of two d × r matrices and an r × r one between them, and a gate (DCN-4): DCN-Mix
    MIXTURE
  }

  /// `DEFAULT` is a starting point of this library, with a number of cross layers that the paper has too (one to four, by our
  /// reading): the paper searches its settings per data set.
  ///
  /// @param widths how many numbers the embedding of each field has
  /// @param cross the cross network
  /// @param tower layer sizes and what they have in common
  /// @param structure what the score reads (DCN-6)
  public record Config(Widths widths, Cross cross, Tower tower, CrossStructure structure) {
    /// Embeddings of 16 numbers, three full cross layers on which a tower of 400-400 is stacked. Where the cross network is of
    /// low rank, r = 64; a mixture has four experts with tanh and one softmax gate for all layers.
    public static final Config DEFAULT =
        new Config(
            new Widths(Width.FIXED, 16, 6), // 6 is of FOURTH_ROOT, which is not chosen here
            new Cross(
                CrossKind.FULL,
                new MixtureCross.Config(3, 4, 64, Activation.TANH, Gate.SOFTMAX, false)),
            new Tower(List.of(400, 400), Mlp.Style.RELU),
            CrossStructure.STACKED);
  }

  /// The cross network.
  ///
  /// @param kind which of the three
  /// @param sizes of all three: layers L, which may be 0, so that the state is x₀; of `LOW_RANK` and `MIXTURE` rank r; of
  ///     `MIXTURE` experts K, activation g, gate G, and whether each layer has a gate of its own; with one expert a softmax
  ///     gate would be 1 and is left out
  public record Cross(CrossKind kind, MixtureCross.Config sizes) {}

  /// The tower: fully connected layers, with ReLU in `DEFAULT`.
  ///
  /// @param hidden layer sizes; with none, the tower gives what it reads. With `CROSS_ONLY` they do not count
  /// @param style what the layers have in common: activation, dropout, batch norm
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private final ConcatenatedFields fields; // x₀: e₁ … e_F, each of its own width, and x_num
  private final CrossNetwork cross; //        W_l, or U_l and V_l, with b_l; C_l and γ in a mixture
  private final Mlp deep; //                  the tower; without layers the identity
  private final Linear out; //                w_logit, b_logit
  private final CrossStructure structure; //  what `out` reads
  private final Target target; //             the label, and whether z is its logit or its value

  /// A model for the only label of the schema.
  public DcnV2(Config config, Schema schema, Params params) {
    structure = config.structure;
    fields =
        new ConcatenatedFields(schema, config.widths, params.at("v"), Initializers.normal(0.01));
    int d = fields.width(); // of x₀, and so of every x_l
    MixtureCross.Config sizes = config.cross.sizes;
    Params p = params.at("cross");
    cross =
        switch (config.cross.kind) {
          case FULL -> new FullCross(d, sizes.layers(), p); //                    (DCN-2)
          case LOW_RANK -> new LowRankCross(d, sizes.layers(), sizes.rank(), p); // (DCN-3)
          case MIXTURE -> new MixtureCross(d, sizes, p); //                       (DCN-4), (DCN-5)
        };
    // without layers the tower has no parameters, and d outputs
    List<Integer> hidden = structure == CrossStructure.CROSS_ONLY ? List.of() : config.tower.hidden;
    deep = new Mlp(d, hidden, config.tower.style, params.at("deep")); // reads x₀ or x_L
    int inputs = structure == CrossStructure.PARALLEL ? d + deep.out() : deep.out();
    out = new Linear(inputs, 1, params.at("out")); // a bias b_logit, no activation
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    // B examples, q numbers of the tower's last layer
    Var x0 = fields.lookup(batch, mode); //                                    [B, d]
    Var x = cross.forward(x0); //                                              [B, d], x_L
    Var read =
        switch (structure) {
          case PARALLEL -> Var.concat(1, List.of(x, deep.forward(x0, mode))); // [B, d + q]  (DCN-6)
          case STACKED -> deep.forward(x, mode); //                            [B, q]  (DCN-6)
          case CROSS_ONLY -> x; //                                             [B, d]  (DCN-6)
        };
    return target.outputs(out.forward(read).squeeze(1)); //                    [B], z  (DCN-6)
  }
}
