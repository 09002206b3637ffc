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
/// x_{l+1} = x₀ (x_lᵀ w_l) + b_l + x_l,   l = 0 … L − 1       (DCN-1)
/// h       = tower(x₀)
/// z       = w_logitᵀ [x_L; h] + b_logit                      (DCN-6)
/// ```
///
/// F is the number of categorical and multi-valued fields, e₁ … e_F are their embeddings, x_num the dense fields, and [;] puts vectors one behind
/// the other. x_l is the state after l of L cross layers, d numbers like w_l and b_l, the weights and the bias of the layer
/// that makes x_{l+1}; ᵀ transposes. tower is fully connected layers with ReLU, and batch norm before it where asked for, the paper's eq. 4, and h what the last of them
/// gives; w_logit are the weights of the score z, and b_logit is its bias.
///
/// x_lᵀ w_l is one number per example, so a layer costs O(d): the d × d product x₀ x_lᵀ is never built. x_L holds products of
/// degree 1 … L + 1 of *numbers*, also of two numbers of one embedding. Degree 1 is among them, so there is no linear term
/// besides. The numbers of equations are ours: (DCN-1) is eq. 3 of the paper and (DCN-6) eq. 5, by our reading.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in six places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss; z has a bias, which the paper's formula for the
/// combination leaves out; tower and cross network can also be stacked, as in DCN V2, or the tower left out; dense
/// fields enter as they come, where the paper takes their logarithm, which is a matter of data preparation; and a multi-valued
/// field is pooled as its field says, where by our reading a field of the paper has one id.
public final class Dcn implements Model {

  /// `PAPER` is the best setting on Criteo, by our reading of the paper's experiments. That batch norm stands between the
  /// linear part of a layer and its ReLU is ours, and that widths are rounded up.
  ///
  /// @param widths how many numbers the embedding of each field has
  /// @param layers L; with 0 the state is x₀
  /// @param tower layer sizes and what they have in common
  /// @param structure what the score reads: (DCN-6) above is `PARALLEL`; with `STACKED` it is tower(x_L), with `CROSS_ONLY` x_L
  public record Config(Widths widths, int layers, Tower tower, CrossStructure structure) {
    /// ⌈6 n^¼⌉ numbers, rounded up, for the embedding of a field of n values, six cross layers, a tower of two layers of 1024
    /// with batch norm and without dropout.
    public static final Config PAPER =
        new Config(
            new Widths(Width.FOURTH_ROOT, 16, 6), // 16 is of FIXED, which is not chosen here
            6,
            new Tower(List.of(1024, 1024), Mlp.Style.RELU.withBatchNorm(true)),
            CrossStructure.PARALLEL);
  }

  /// The tower: fully connected layers, with ReLU in `PAPER`.
  ///
  /// @param hidden layer sizes; with none, h is what the tower reads. With `CROSS_ONLY` they do not count
  /// @param style what the layers have in common: activation, dropout, batch norm
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  private final ConcatenatedFields fields; // x₀: e₁ … e_F, each of its own width, and x_num
  private final VectorCross cross; //         w_l, b_l of all L layers
  private final Mlp deep; //                  the tower; without layers the identity
  private final Linear out; //                w_logit, b_logit
  private final CrossStructure structure; //  what `out` reads
  private final Target target; //             the label, and whether z is its logit or its value

  /// A model for the only label of the schema. w_l starts normal, the weights of tower and score uniform, all with the variance of
  /// Glorot and Bengio; biases start at 0.
  public Dcn(Config config, Schema schema, Params params) {
    structure = config.structure;
    fields =
        new ConcatenatedFields(schema, config.widths, params.at("v"), Initializers.normal(0.01));
    int d = fields.width(); // of x₀, and so of every x_l
    cross = new VectorCross(d, config.layers, params.at("cross"));
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
    Var x = cross.forward(x0); //                                              [B, d], x_L  (DCN-1)
    Var read =
        switch (structure) {
          case PARALLEL -> Var.concat(1, List.of(x, deep.forward(x0, mode))); // [B, d + q]  (DCN-6)
          case STACKED -> deep.forward(x, mode); //                            [B, q]  (DCN-6)
          case CROSS_ONLY -> x; //                                             [B, d]  (DCN-6)
        };
    return target.outputs(out.forward(read).squeeze(1)); //                    [B], z  (DCN-6)
  }
}
