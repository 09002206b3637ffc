// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.afm;

import java.util.ArrayList;
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
import org.gradus.layers.BatchNorm;
import org.gradus.layers.Dropout;
import org.gradus.layers.FieldPairs;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **AFM** — Xiao, Ye, He, Zhang, Wu, Chua. IJCAI 2017, [arXiv:1708.04617](https://arxiv.org/abs/1708.04617)
///
/// ```
/// r_ij  = eᵢ ⊙ eⱼ,  i < j,  eᵢ = xᵢ vᵢ                        (AFM-1)
/// a′_ij = hᵀ ReLU(W r_ij + b)                                (AFM-2)
/// a_ij  = exp(a′_ij) / Σ exp(a′)                              (AFM-3)
/// u     = Dropout(Σ_{i<j} a_ij r_ij),  z = w₀ + ℓ(x) + pᵀu     (AFM-4)
/// ```
///
/// eᵢ is the vector vᵢ of field i times its number xᵢ, 1 for an id; ℓ(x) is linear, one weight per feature; w₀ is a bias.
/// The softmax of (AFM-3) runs over the pairs of an example whose both fields have something to say: a missing id has no
/// product, and takes no weight from others. A number always has its say, 0 included.
///
/// Departs from the paper in five places: a multi-valued field is one feature, its pooled vector, whose values do not meet
/// each other; a pair with a missing field has no part in the softmax; the loss is the label's, cross-entropy for a click,
/// where the paper has the squared one; dropout of the weights a is an extension, off unless asked for; and so is the tower
/// above u.
public final class Afm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param attention the weights of pairs; null adds the pairs up unweighted
  /// @param dropoutPooled share of the pooled vector that is dropped
  /// @param deep layers above u, an extension; null for the paper's pᵀu
  /// @param freezeFm whether w₀, w and v stay as they are, taken over from a trained FM
  public record Config(
      int embeddingDim,
      @Nullable Attention attention,
      double dropoutPooled,
      @Nullable Deep deep,
      boolean freezeFm) {
    /// D = t = 256, of the paper's main table; its dropout rate is tuned for each data set.
    public static final Config PAPER = new Config(256, new Attention(256, 0), 0.5, null, false);

    /// The same in small: attention over all pairs costs F²Dt.
    public static final Config SMALL = new Config(16, new Attention(8, 0), 0.5, null, false);
  }

  /// The network that looks at pairs.
  ///
  /// @param factor t, its width
  /// @param dropout share of the weights a that is dropped
  public record Attention(int factor, double dropout) {}

  /// A tower on [u; x_num], u normalised if asked for.
  ///
  /// @param hidden sizes of its layers
  /// @param batchNorm whether u goes through batch norm
  public record Deep(List<Integer> hidden, boolean batchNorm) {}

  private final FieldEmbeddings v; //                 one vector per feature
  private final FirstOrder w; //                      one weight per feature
  private final DenseParameter bias; //               w₀
  private final @Nullable DenseParameter weight; //   W [D, t]
  private final @Nullable DenseParameter shift; //    b [t]
  private final @Nullable DenseParameter h; //        [t, 1]
  private final @Nullable BatchNorm norm; //          of u
  private final @Nullable Mlp deep;
  private final DenseParameter out; //                p [D, 1], or as wide as the last layer
  private final Dropout dropoutAttention;
  private final Dropout dropoutPooled;
  private final FieldPairs pairs;
  private final List<String> names; //                of both fields of each pair
  private final String path; //                       of the attention
  private final int numbers; //                       dense fields that stand beside u
  private final Target target;

  /// A model for the only label of the schema.
  public Afm(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v =
        new FieldEmbeddings(
            schema, dim, Numeric.SCALED_EMBEDDING, params.at("v"), Initializers.normal(0.01));
    w = new FirstOrder(schema, params.at("w"));
    bias = params.bias("bias", Shape.scalar());
    if (config.freezeFm) {
      String at = params.path().isEmpty() ? "" : params.path() + "/";
      List.of("v/*", "w/*", "bias").forEach(pattern -> params.freeze(at + pattern));
    }
    Params a = params.at("attention");
    if (config.attention == null) {
      weight = null;
      shift = null;
      h = null;
      dropoutAttention = new Dropout(0, a);
    } else {
      int t = config.attention.factor;
      weight = a.weight("weight", Shape.of(dim, t), Initializers.xavierNormal());
      shift = a.bias("bias", Shape.of(t));
      h = a.weight("h", Shape.of(t, 1), Initializers.xavierNormal()); // a bias would cancel
      dropoutAttention = new Dropout(config.attention.dropout, a);
    }
    dropoutPooled = new Dropout(config.dropoutPooled, params.at("pooled"));
    Deep d = config.deep;
    numbers = d == null ? 0 : schema.dense().size();
    norm = d != null && d.batchNorm ? new BatchNorm(dim, params.at("norm")) : null;
    deep = d == null ? null : new Mlp(dim + numbers, d.hidden, Mlp.Style.RELU, params.at("deep"));
    out =
        params.weight(
            "out", Shape.of(deep == null ? dim : deep.out(), 1), Initializers.xavierNormal());
    pairs = FieldPairs.of(v.count());
    names = new ArrayList<>();
    for (int i = 0; i < pairs.count(); i++) {
      names.add(v.names().get(pairs.left()[i]) + " × " + v.names().get(pairs.right()[i]));
    }
    path = a.path();
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var r = products(batch, mode); //                              [B, P, D]  (AFM-1)
    Var a = attention(r, batch, mode); //                          [B, P]  (AFM-3)
    Var u;
    if (a == null) {
      u = r.sum(1); //                                             [B, D], all alike
    } else {
      Var kept = dropoutAttention.forward(a, mode).unsqueeze(1); // [B, 1, P]
      u = kept.matmul(r).squeeze(1); //                            [B, D]  (AFM-4)
    }
    u = dropoutPooled.forward(u, mode); //                         [B, D]  (AFM-4)
    if (deep != null) {
      u = deep.forward(beside(u, batch, mode), mode); //           [B, h_L], the extension
    }
    Var z = u.matmul(tape.use(out)).squeeze(1); //                 [B]
    z = z.add(w.forward(batch, mode)).add(tape.use(bias)); //      [B]  (AFM-4)
    return target.outputs(z);
  }

  /// r `[B, P, D]`: the products of all pairs of fields.
  private Var products(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Tensor left = tape.scope().upload(Shape.of(pairs.count()), pairs.left());
    Tensor right = tape.scope().upload(Shape.of(pairs.count()), pairs.right());
    Var e = v.lookup(batch, mode); //                              [B, F, D]
    return e.gather(1, left).multiply(e.gather(1, right)); //      [B, P, D]
  }

  /// a `[B, P]`: how much each pair of fields counts in evaluation, in the order of [FieldPairs]; the weights of an example add
  /// up to 1. Null without attention.
  public @Nullable Var attention(Batch batch, Mode mode) {
    return attention(products(batch, mode), batch, mode);
  }

  /// Those who watch are told of a.
  private @Nullable Var attention(Var r, Batch batch, Mode mode) {
    if (weight == null || shift == null || h == null) {
      return null;
    }
    Tape tape = r.tape();
    Var hidden = r.linear(tape.use(weight), tape.use(shift), Activation.RELU); // [B, P, t]
    Var scores = hidden.matmul(tape.use(h)).squeeze(2); //         [B, P]  (AFM-2)
    boolean[] fields = v.present(batch, tape.scope()); //         [B, F]
    boolean[] both = tape.scope().booleans(batch.size() * pairs.count()); // [B, P]
    for (int i = 0; i < both.length; i++) {
      int first = i / pairs.count() * v.count();
      int p = i % pairs.count();
      both[i] = fields[first + pairs.left()[p]] && fields[first + pairs.right()[p]];
    }
    Tensor mask = tape.scope().upload(scores.shape(), both); //    [B, P]
    Var a = scores.softmax(mask); //                               [B, P]  (AFM-3)
    mode.watchParts(path, names, a, mask);
    return a;
  }

  /// [u; x_num] `[B, D + c]`
  private Var beside(Var u, Batch batch, Mode mode) {
    Var normed = norm == null ? u : norm.forward(u, mode);
    if (numbers == 0) {
      return normed;
    }
    Var x = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
    return Var.concat(1, List.of(normed, x));
  }
}
