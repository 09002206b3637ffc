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
/// a′_ij = hᵀ ReLU(W r_ij + b)                                 (AFM-2)
/// a_ij  = exp(a′_ij) / Σ exp(a′)                              (AFM-3)
/// u     = Dropout(Σ_{i<j} a_ij r_ij),  z = w₀ + ℓ(x) + pᵀu    (AFM-4)
/// ```
///
/// i and j run over the F fields, dense ones among them, each pair once. vᵢ is a vector of D numbers: that of the id in field
/// i, that of a dense field itself, or for a multi-valued field the vectors of its ids, pooled; xᵢ is the number of a dense
/// field, and 1 for the others. ⊙ multiplies number by number, and ᵀ transposes. W, t × D, b and h, of t numbers each, are the
/// attention network, t being its width; it gives a pair the score a′_ij, and a_ij is the pair's weight. The sum of (AFM-3)
/// runs over the pairs of the example of which neither field is missing, so a missing one takes no weight from others. Missing
/// are an id that is padding and a multi-valued field without ids; a number never is, 0 included. Dropout makes a share of the
/// numbers 0, in training alone. u is the pooled vector of D numbers, p its weights; z is the score, w₀ its bias, and ℓ(x) is
/// linear, one weight per feature times its value, in the paper Σᵢ wᵢ xᵢ.
///
/// The numbers of equations are ours: (AFM-1) is eq. 2 of the paper, (AFM-2) and (AFM-3) are eq. 5, and (AFM-4) without Dropout
/// eqs. 4 and 6, by our reading.
///
/// Fields that hold a history are not read.
///
/// Departs from the paper in seven places: fields that share a table share its rows, where each field of the paper has its own;
/// a multi-valued field is one feature, its pooled vector, whose values do not meet each
/// other; a number of 0 takes part in pairs, where the paper has those of features other than 0; the loss is the label's,
/// cross-entropy for a click, where the paper has the squared one; dropout is of u, as in the authors' program, where by our
/// reading the paper speaks of the layer of products; dropout of the weights a, which that program has and the paper has not,
/// is there, off unless asked for; and the tower above u, off too, is an extension.
public final class Afm implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param attention the network that gives a; null for all a_ij = 1, the sum of the pairs
  /// @param dropoutPooled share of u that is dropped
  /// @param deep layers above u, an extension; null for the paper's pᵀu
  /// @param freezeFm whether w₀, the weights of ℓ(x) and the vectors vᵢ stay as they are, taken over from a trained FM
  public record Config(
      int embeddingDim,
      @Nullable Attention attention,
      double dropoutPooled,
      @Nullable Deep deep,
      boolean freezeFm) {
    /// D = t = 256, of the paper's main table, by our reading. The paper tunes the share that is dropped of u per data set;
    /// 0.5 is that of the authors' program. Nothing is dropped of the weights a.
    public static final Config PAPER = new Config(256, new Attention(256, 0), 0.5, null, false);

    /// The same with D = 16 and t = 8, a starting point of this library, since the cost of attention grows as F²Dt.
    public static final Config SMALL = new Config(16, new Attention(8, 0), 0.5, null, false);
  }

  /// The network that looks at pairs (AFM-2).
  ///
  /// @param factor t, its width
  /// @param dropout share of the weights a that is dropped
  public record Attention(int factor, double dropout) {}

  /// A tower of fully connected layers with ReLU above u. It reads [u; x_num], where x_num are the dense fields as they come,
  /// and [;] puts them behind u; p weighs what it gives.
  ///
  /// @param hidden sizes of its layers; with none, p weighs what the tower would read
  /// @param batchNorm whether u goes through batch norm first
  public record Deep(List<Integer> hidden, boolean batchNorm) {}

  private final FieldEmbeddings v; //                 vᵢ, one vector per feature
  private final FirstOrder w; //                      ℓ(x), one weight per feature
  private final DenseParameter bias; //               w₀
  private final @Nullable DenseParameter weight; //   Wᵀ [D, t]; null without attention, as b and h
  private final @Nullable DenseParameter shift; //    b [t]
  private final @Nullable DenseParameter h; //        h [t, 1]
  private final @Nullable BatchNorm norm; //          of u, under the tower
  private final @Nullable Mlp deep; //                the tower above u
  private final DenseParameter out; //                p [D, 1], or as long as the tower's last layer
  private final Dropout dropoutAttention; //          of a
  private final Dropout dropoutPooled; //             of u
  private final FieldPairs pairs; //                  i and j of P = F(F − 1)/2 pairs, from 0
  private final List<String> names; //                of both fields of each pair, for `explain`
  private final String path; //                       of the attention, for `explain` too
  private final int numbers; //                       c, dense fields that stand beside u
  private final Target target; //                     the label, and whether z is its logit or value

  /// A model for the only label of the schema.
  public Afm(Config config, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v =
        new FieldEmbeddings(
            schema,
            dim,
            Numeric.SCALED_EMBEDDING, // a dense field is a feature: its vector times its number
            params.at("v"),
            Initializers.normal(0.01));
    w = new FirstOrder(schema, params.at("w"));
    bias = params.bias("bias", Shape.scalar());
    if (config.freezeFm) {
      // patterns are of whole paths, and the model may stand inside another
      String at = params.path().isEmpty() ? "" : params.path() + "/";
      List.of("v/*", "w/*", "bias").forEach(pattern -> params.freeze(at + pattern));
    }
    Params network = params.at("attention");
    if (config.attention == null) {
      weight = null;
      shift = null;
      h = null;
      dropoutAttention = new Dropout(0, network); // drops nothing
    } else {
      int t = config.attention.factor;
      weight = network.weight("weight", Shape.of(dim, t), Initializers.xavierNormal());
      shift = network.bias("bias", Shape.of(t));
      // without a bias, which the softmax would cancel
      h = network.weight("h", Shape.of(t, 1), Initializers.xavierNormal());
      dropoutAttention = new Dropout(config.attention.dropout, network);
    }
    dropoutPooled = new Dropout(config.dropoutPooled, params.at("pooled"));
    Deep top = config.deep;
    numbers = top == null ? 0 : schema.dense().size();
    norm = top != null && top.batchNorm ? new BatchNorm(dim, params.at("norm")) : null;
    deep =
        top == null ? null : new Mlp(dim + numbers, top.hidden, Mlp.Style.RELU, params.at("deep"));
    out =
        params.weight(
            "out", Shape.of(deep == null ? dim : deep.out(), 1), Initializers.xavierNormal());
    pairs = FieldPairs.of(v.count()); // of F fields
    names = new ArrayList<>();
    for (int pair = 0; pair < pairs.count(); pair++) {
      names.add(v.names().get(pairs.left()[pair]) + " × " + v.names().get(pairs.right()[pair]));
    }
    path = network.path();
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    // B examples, P pairs, q numbers of the tower's last layer
    Var r = products(batch, mode); //                              [B, P, D]  (AFM-1)
    Var a = attention(r, batch, mode); //                          [B, P]  (AFM-2), (AFM-3)
    Var u;
    if (a == null) { // without attention
      u = r.sum(1); //                                             [B, D], every a_ij is 1
    } else { // Σ a_ij r_ij as a product of matrices
      Var kept = dropoutAttention.forward(a, mode).unsqueeze(1); // [B, 1, P]
      u = kept.matmul(r).squeeze(1); //                            [B, D]  (AFM-4)
    }
    u = dropoutPooled.forward(u, mode); //                         [B, D]  (AFM-4)
    if (deep != null) {
      u = deep.forward(beside(u, batch, mode), mode); //           [B, q], the extension
    }
    Var z = u.matmul(tape.use(out)).squeeze(1); //                 [B], pᵀu
    z = z.add(w.forward(batch, mode)).add(tape.use(bias)); //      [B]  (AFM-4)
    return target.outputs(z);
  }

  /// r `[B, P, D]` (AFM-1): the products of all pairs of fields, those of a missing field 0.
  private Var products(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Tensor left = tape.scope().upload(Shape.of(pairs.count()), pairs.left());
    Tensor right = tape.scope().upload(Shape.of(pairs.count()), pairs.right());
    Var e = v.lookup(batch, mode); //                              [B, F, D]
    return e.gather(1, left).multiply(e.gather(1, right)); //      [B, P, D]
  }

  /// a `[B, P]`: how much each pair of fields counts before any dropout, in the order (0,1), (0,2), …, (1,2), … of the fields;
  /// the weights of an example add up to 1, or are all 0 where no pair is there. Null without attention.
  public @Nullable Var attention(Batch batch, Mode mode) {
    return attention(products(batch, mode), batch, mode);
  }

  /// a `[B, P]` from r `[B, P, D]`, or null without attention. Those who watch, such as `explain`, are told of a.
  private @Nullable Var attention(Var r, Batch batch, Mode mode) {
    if (weight == null || shift == null || h == null) {
      return null;
    }
    Tape tape = r.tape();
    // ReLU(W r_ij + b) of every pair
    Var hidden = r.linear(tape.use(weight), tape.use(shift), Activation.RELU); // [B, P, t]
    Var scores = hidden.matmul(tape.use(h)).squeeze(2); //         [B, P]  (AFM-2)
    boolean[] fields = v.present(batch, tape.scope()); //          [B, F], false: missing
    boolean[] both = tape.scope().booleans(batch.size() * pairs.count()); // [B, P]
    for (int at = 0; at < both.length; at++) {
      int first = at / pairs.count() * v.count(); // of the example's places in `fields`
      int pair = at % pairs.count();
      both[at] = fields[first + pairs.left()[pair]] && fields[first + pairs.right()[pair]];
    }
    Tensor mask = tape.scope().upload(scores.shape(), both); //    [B, P]
    Var a = scores.softmax(mask); //                               [B, P], 0 where not both  (AFM-3)
    mode.watchParts(path, names, a, mask);
    return a;
  }

  /// [u; x_num] `[B, D + c]`, what the tower reads, u through batch norm if asked for.
  private Var beside(Var u, Batch batch, Mode mode) {
    Var normed = norm == null ? u : norm.forward(u, mode);
    if (numbers == 0) {
      return normed;
    }
    Var x = mode.tape().constant(Shape.of(batch.size(), numbers), batch.dense());
    return Var.concat(1, List.of(normed, x));
  }
}
