// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.models.easing.DistributionDecoder.Distribution;
import org.gradus.tensor.Shape;

/// **EASING** — Chen, Wang, Fang, Xiao. WWW 2025, [arXiv:2503.20697](https://arxiv.org/abs/2503.20697)
///
/// ```
/// x    = [x_s; x_c], from the neighbours and from the numbers of a node      (EA-1)
/// s⁰_n = pˢ_n x,  u⁰_n = pᵘ_n x,  n = 1 … N                                  (EA-2)
/// Q, K, V = a(s W_Q), a(s W_K), a(s W_V)                                     (EA-3)
/// Q̂, K̂, V̂ = split, coupled or decoupled                                      (EA-4)
/// O    = merge(softmax(Q̂ K̂ᵀ / ρ) V̂)                                          (EA-5)
/// s′   = LN₂(ŝ + FFN(ŝ)),  ŝ = LN₁(s + O)                                    (EA-6)
/// κ    = (γ c + β) + ((1 − γ) r + β)                                         (EA-7)
/// μ, ν = ReLU(κ flatten(s)) w_s + b_s,  ReLU(κ flatten(u)) w_u + b_u         (EA-8)
/// ```
///
/// A row is a node; its label is known for few. A [NodeEncoder], a [DistributionDecoder] of [DjeLayer]s whose heads a [HeadSplit] deals
/// out, and [Learning] from labels (EA-9), pseudo-labels (EA-10) and lists (EA-12).
///
/// The head is normal with mean μ and log variance ν. Centrality c and relational entropy r are numbers of the node, found beforehand over
/// the whole graph and standardised there.
///
/// Departs from the paper in six places: both encoders are ours, of one layer each; the basis pˢ, pᵘ is trained and saved; the losses have
/// the standard form of a normal density, for those of the paper were not at hand; pseudo-labels come from one model; rows are mini-batches
/// of nodes; and sizes that the paper's code leaves to its settings are ours.
public final class Easing implements Model {
  private final NodeEncoder encoder;
  private final DistributionDecoder decoder;
  private final Learning learning;
  private final String label;
  private final int centrality; // columns of the numbers
  private final int entropy;

  /// What a user may set.
  ///
  /// @param importance which numbers of a node are centrality and relational entropy
  /// @param encoder from a node to one vector
  /// @param decoder from there to a distribution
  /// @param learning the losses
  public record Config(
      Importance importance,
      NodeEncoder.Config encoder,
      DistributionDecoder.Config decoder,
      Learning.Config learning) {
    /// Ten elements, as a write-up of the paper has it; one layer, coupled heads, √D, γ = 0.9, five passes, λ_u = 1 and lists of ten as in
    /// its code; widths, heads, dropout and λ_list are ours.
    public static final Config PAPER =
        new Config(
            new Importance(List.of("centrality"), List.of("entropy")),
            new NodeEncoder.Config(16, 32, 0, 0.1),
            new DistributionDecoder.Config(
                10,
                1,
                true,
                0.9,
                new DjeLayer.Config(
                    4, HeadSplit.COUPLED, DjeLayer.Scale.SQRT_MODEL, DjeLayer.Activation.ELU)),
            new Learning.Config(
                Learning.Reduction.PER_PART,
                0,
                new Unlabelled.Config(1, 5, false, 0),
                new Learning.Ranking(
                    1, 0, new ListLoss(new ListLoss.Lists(10, true, false, 2), 1, 1, 0))));
  }

  /// Names of numbers; of several the first that the schema has.
  ///
  /// @param centrality c
  /// @param entropy r
  public record Importance(List<String> centrality, List<String> entropy) {}

  /// A model for the only label of the schema, a number.
  public Easing(Config config, Schema schema, Params params) {
    centrality = column("centrality", config.importance.centrality, schema);
    entropy = column("entropy", config.importance.entropy, schema);
    Target target = Target.only(schema);
    if (target.kind() != Field.LabelKind.REGRESSION) {
      throw new IllegalArgumentException(
          "easing: label "
              + target.label()
              + " is "
              + target.kind()
              + ", and the model predicts a number. Expected a label of kind REGRESSION.");
    }
    label = target.label();
    encoder = new NodeEncoder(schema, config.encoder, params.at("encoder"));
    decoder = new DistributionDecoder(2 * config.encoder.width(), config.decoder, params.at("dje"));
    learning = new Learning(config.learning, params.at("learning"));
  }

  private static int column(String setting, List<String> names, Schema schema) {
    List<String> numbers = schema.dense().stream().map(Field.Dense::name).toList();
    for (String name : names) {
      if (numbers.contains(name)) {
        return numbers.indexOf(name);
      }
    }
    throw new IllegalArgumentException(
        "easing: no number "
            + String.join(" or ", names)
            + ". Expected the setting "
            + setting
            + " to name one of: "
            + String.join(", ", numbers)
            + ".");
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Distribution found = distribution(batch, mode);
    Outputs outputs = Outputs.head(label, new Head.Normal(found.mean(), found.logVariance()));
    return mode.training()
        ? learning.with(
            outputs, label, found, batch, new Learning.Pass(m -> distribution(batch, m), mode))
        : outputs;
  }

  private Distribution distribution(Batch batch, Mode mode) {
    Var x = encoder.forward(batch, mode); //            [B, D]  (EA-1)
    Var c = number(centrality, batch, mode); //         [B]
    Var r = number(entropy, batch, mode); //            [B]
    return decoder.forward(x, c, r);
  }

  private static Var number(int column, Batch batch, Mode mode) {
    float[] dense = batch.dense();
    int size = batch.size();
    float[] values = mode.tape().scope().floats(size);
    for (int b = 0; b < size; b++) {
      values[b] = dense[b * (dense.length / size) + column];
    }
    return mode.tape().constant(Shape.of(size), values);
  }
}
