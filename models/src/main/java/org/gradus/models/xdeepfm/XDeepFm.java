// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.xdeepfm;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **xDeepFM** — Lian, Zhou, Zhang, Chen, Xie, Sun. KDD 2018, [arXiv:1803.05170](https://arxiv.org/abs/1803.05170)
///
/// ```
/// Zᵏ_{i,j} = Xᵏ⁻¹_i ⊙ X⁰_j,  X⁰ = [e₁, …, e_m]                (CIN-1)
/// Xᵏ_h  = f(Σᵢ Σⱼ W^{k,h}_{ij} Zᵏ_{i,j} [+ βᵏ_h])             (CIN-2)
/// p⁺    = all Σ_d Xᵏ_{h,d} of maps h that go to the output, layer by layer    (CIN-3)
/// z     = b + ℓ(x) + w_dnnᵀ tower([e₁; …; e_m; x_num]) + w_cinᵀ p⁺    (CIN-4)
/// ```
///
/// m is the number of fields with ids, e₁ … e_m are their embeddings, the rows of X⁰, of D numbers each, and x_num the dense
/// fields. k, no power, counts the T layers from 1, h the maps of a layer from 1. Row h of Xᵏ is one map, D numbers over which
/// d runs, and W^{k,h} its weights; i runs over the maps of layer k − 1 that feed layer k (all, or with `SPLIT_HALF` the first
/// half; for k = 1 the m embeddings), j over the fields. ⊙ multiplies number by number, [ ; ] puts vectors one behind the
/// other, ᵀ transposes. f is an activation, by default none, and β a bias per map, by default not there. p⁺ is a vector of
/// |p⁺| numbers. w_dnn and w_cin are the weights of the tower's output and of p⁺, b is the global bias. ℓ(x), the paper's
/// w_linearᵀa, has one weight per feature; tower is fully connected layers with ReLU, the paper's eqs. 2 and 3. z is the
/// score, of which the loss takes the sigmoid.
///
/// Layer k of the CIN, [Cin], holds products of k + 1 embeddings, in which number d of one embedding meets number d of the others
/// only: vectors meet as wholes, unlike in Deep & Cross. The numbers of equations are ours: (CIN-2) is eq. 6 of the paper, which
/// has neither f nor β, (CIN-3) eq. 7 and (CIN-4) eq. 9, by our reading.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in six places: fields that share a table share its rows, where each field of the paper has its own;
/// the sigmoid lives in the loss (the paper's formula for the CIN alone lacks the
/// minus sign of its exponent); dense fields, which by our reading the paper turns into categories, enter the linear part and the
/// tower as numbers and stay out of the CIN; a multi-valued field is pooled as the field says, in ℓ(x) too, where by our reading
/// the paper adds up; β and `SPLIT_HALF`, which is the authors' program's, are not in the paper, and are off unless asked for; and
/// `PAPER` drops half of every layer of the tower, where by our reading the paper names no such share for xDeepFM.
public final class XDeepFm implements Model {

  /// `PAPER` is the Criteo setting of the paragraph "Implementation Details". The depths, which the paper searches, are by our
  /// reading its best on Criteo. Dropout is a starting point of this library.
  ///
  /// @param embeddingDim D, at least 1
  /// @param tower of the deep part
  /// @param cin the compressed interaction network
  /// @param parts which summands there are
  public record Config(int embeddingDim, Tower tower, Cin.Config cin, Parts parts) {
    /// D = 10, two layers of 400, three CIN layers of 200 without activation; and dropout 0.5, which is ours.
    public static final Config PAPER =
        new Config(
            10,
            new Tower(List.of(400, 400), Mlp.Style.RELU.withDropout(0.5)),
            new Cin.Config(
                List.of(200, 200, 200),
                Cin.Connect.DIRECT,
                Activation.IDENTITY,
                false,
                0), // no β, no rank
            new Parts(true, true, true));
  }

  /// The tower: fully connected layers, with ReLU in `PAPER`.
  ///
  /// @param hidden widths of its layers; with none w_dnn reads [e₁; …; e_m; x_num]
  /// @param style what the layers have in common: ReLU, and the share that is dropped after each in training
  public record Tower(List<Integer> hidden, Mlp.Style style) {}

  /// Which summands there are.
  ///
  /// @param useLinear whether ℓ(x) is there
  /// @param useDnn whether the tower is there
  /// @param useCin whether the CIN is there
  public record Parts(boolean useLinear, boolean useDnn, boolean useCin) {}

  private final FieldEmbeddings v; //               e₁ … e_m: rows of tables, or such rows pooled
  private final @Nullable FirstOrder w; //          ℓ(x): one weight per feature, no bias
  private final @Nullable Mlp deep; //              the tower: linear, ReLU, dropout, layer by layer
  private final @Nullable DenseParameter deepOut; // w_dnn [q, 1], q numbers of the last layer
  private final @Nullable Cin cin; //               Wᵏ of its T layers
  private final @Nullable DenseParameter cinOut; // w_cin [|p⁺|, 1]
  private final DenseParameter bias; //             b
  private final int numbers; //                     c, dense fields
  private final Target target; //                   the label, and whether z is its logit or value

  /// A model for the only label of the schema.
  public XDeepFm(Config config, Schema schema, Params params) {
    v =
        new FieldEmbeddings(
            schema,
            config.embeddingDim,
            Numeric.RAW, // dense fields get no embedding, so v.count(), of vectors, is m
            params.at("v"),
            Initializers.normal(0.01)); // a deviation of 0.01: ours
    numbers = schema.dense().size();
    w = config.parts.useLinear ? new FirstOrder(schema, params.at("w")) : null;
    if (config.parts.useDnn) {
      int flat = v.count() * config.embeddingDim;
      deep = new Mlp(flat + numbers, config.tower.hidden, config.tower.style, params.at("deep"));
      deepOut = params.weight("deepOut", Shape.of(deep.out(), 1), Initializers.xavierUniform());
    } else {
      deep = null;
      deepOut = null;
    }
    if (config.parts.useCin) {
      cin = new Cin(v.count(), config.cin, params.at("cin"));
      cinOut = params.weight("cinOut", Shape.of(cin.out(), 1), Initializers.xavierUniform());
    } else {
      cin = null;
      cinOut = null;
    }
    bias = params.bias("bias", Shape.scalar());
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    // B examples; parts that are off are null
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                               [B, m, D]
    Var z = tape.use(bias); //                                      []
    if (w != null) {
      z = z.add(w.forward(batch, mode)); //                         [B]  (CIN-4)
    }
    if (deep != null && deepOut != null) {
      Var input = e.flatten(1); //                                  [B, m·D]
      if (numbers > 0) {
        Var x = tape.constant(Shape.of(batch.size(), numbers), batch.dense());
        input = Var.concat(1, List.of(input, x)); //                [B, m·D + c]
      }
      Var last = deep.forward(input, mode); //                      [B, q]
      z = z.add(last.matmul(tape.use(deepOut)).squeeze(1)); //      [B]  (CIN-4)
    }
    if (cin != null && cinOut != null) {
      Var p = cin.forward(e, mode); //                              [B, |p⁺|]  (CIN-1) to (CIN-3)
      z = z.add(p.matmul(tape.use(cinOut)).squeeze(1)); //          [B]  (CIN-4)
    }
    return target.outputs(z.expand(Shape.of(batch.size()))); //     [B]  (CIN-4)
  }
}
