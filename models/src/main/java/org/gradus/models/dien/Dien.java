// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.History;
import org.gradus.embeddings.Schema;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Gru;
import org.gradus.layers.Linear;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **DIEN** — Zhou, Mou, Fan, Pi, Bian, Zhou, Zhu, Gai. AAAI 2019, [arXiv:1809.03672](https://arxiv.org/abs/1809.03672)
///
/// ```
/// h_t = GRU(e_t, h_{t−1})                                        (DIEN-1)
/// L_aux: h_t against e_{t+1} and ê_{t+1}                         (DIEN-2) to (DIEN-4)
/// L   = L_target + α L_aux                                       (DIEN-5)
/// h′: attention to h, and a second recurrent layer               (DIEN-6) to (DIEN-10)
/// x   = [fields, a among them; h′ after the last step; numbers]
/// z   = MLP(x)                                                   (DIEN-11)
/// ```
///
/// e_t is what the user did at step t, a the candidate, ê what was not done. Behaviours are not interests: a first recurrent layer
/// extracts them ([AuxiliaryLoss] teaches it), a second one follows those that concern the candidate ([InterestEvolution]).
/// α is the trainer's factor of the loss `aux`, 1 unless set; in evaluation nothing is drawn and there is no such loss. Several
/// histories (clicks, purchases) each have layers of their own; their auxiliary losses are added. Without a history DIEN is
/// embeddings and a tower.
///
/// Departs from the paper in six places: one logit stands for the two units of its softmax, with the sigmoid in the loss; x begins
/// with the fields in the schema's order; L_target is the mean log loss, as in the paper, of which the authors' program has half, so
/// that its α of 1 is 2 here; several histories have layers of their own, with their auxiliary losses added; the auxiliary MLP has no
/// batch norm before its first layer; and the slopes of PReLU on the candidate of `DIN_MLP` start at 0.1, as in the authors' program.
/// Negatives are drawn in the model, from the batch unless told otherwise.
public final class Dien implements Model {

  /// `PAPER` has 18 numbers for an id, and 200 and 80 units above: the released program. The paper names no sizes.
  ///
  /// @param embeddingDim D, of an id
  /// @param states H, numbers in a state; 0 for as many as a step has
  /// @param auxiliary the auxiliary loss
  /// @param evolution attention and second layer
  /// @param tower what reads x, and what else stands there
  public record Config(
      int embeddingDim,
      int states,
      AuxiliaryLoss.Config auxiliary,
      InterestEvolution.Config evolution,
      Tower tower) {
    /// The setting of the paper and of the authors' program.
    public static final Config PAPER =
        new Config(
            18,
            0,
            AuxiliaryLoss.Config.PAPER,
            InterestEvolution.Config.PAPER,
            new Tower(List.of(200, 80), AdaptiveMlp.Style.of(AdaptiveMlp.Activation.DICE), false));
  }

  /// What reads x.
  ///
  /// @param hidden layer sizes
  /// @param style what the layers have in common
  /// @param alsoSumPool whether Σ_t e_t and a ⊙ Σ_t e_t stand in x (the authors' program)
  public record Tower(List<Integer> hidden, AdaptiveMlp.Style style, boolean alsoSumPool) {}

  /// The layers of one history.
  private record Interest(
      History history,
      Gru extractor,
      @Nullable AuxiliaryLoss auxiliary,
      InterestEvolution evolution) {}

  private final FieldEmbeddings v;
  private final List<Interest> interests = new ArrayList<>();
  private final AdaptiveMlp deep;
  private final Linear out; // [h, 1]
  private final boolean alsoSumPool;
  private final Target target;

  /// A model for the only label of the schema.
  ///
  /// @param columns the sequences of each history; when there are none, every sequence is a history of its own
  public Dien(Config config, List<List<String>> columns, Schema schema, Params params) {
    int dim = config.embeddingDim;
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    alsoSumPool = config.tower.alsoSumPool;
    int width = v.count() * dim + schema.dense().size();
    for (History history : History.all(columns, schema, v)) {
      Params p = params.at("interest").at(history.name());
      int states = config.states == 0 ? history.width() : config.states;
      boolean teaches = config.auxiliary.score() != AuxiliaryLoss.Score.NONE;
      interests.add(
          new Interest(
              history,
              new Gru(history.width(), states, Gru.Form.DIEN, p.at("extractor")),
              teaches
                  ? new AuxiliaryLoss(history, states, config.auxiliary, p.at("auxiliary"))
                  : null,
              new InterestEvolution(history.width(), states, config.evolution, p)));
      width += alsoSumPool ? states + 2 * history.width() : states;
    }
    deep = new AdaptiveMlp(width, config.tower.hidden, config.tower.style, params.at("deep"));
    out = new Linear(deep.out(), 1, params.at("out"));
    target = Target.only(schema);
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var e = v.lookup(batch, mode); //                                     [B, F, D]
    List<Var> parts = new ArrayList<>();
    parts.add(e.flatten(1)); //                                           [B, F·D]
    Var auxiliary = null;
    for (Interest interest : interests) {
      History.Looked looked = interest.history.lookup(e, batch, mode); // [B, T, C·D]
      Tensor lengths = looked.lengths(tape.scope()); //                   [B]
      Var h = interest.extractor.forward(looked.steps(), null, null, lengths).carried(); // (DIEN-1)
      if (interest.auxiliary != null && mode.training()) {
        Var loss = interest.auxiliary.of(h, looked, mode); //             []  (DIEN-4)
        auxiliary = auxiliary == null ? loss : auxiliary.add(loss);
      }
      parts.add(interest.evolution.forward(h, lengths, interest.history, looked, mode)); // [B, H]
      if (alsoSumPool) {
        Var sum = looked.sum(); //                                        [B, C·D]
        parts.add(sum);
        parts.add(looked.candidate().multiply(sum)); //                   [B, C·D]
      }
    }
    int numbers = batch.schema().dense().size();
    if (numbers > 0) {
      parts.add(tape.constant(Shape.of(batch.size(), numbers), batch.dense()));
    }
    Var x = Var.concat(1, parts); //                                      [B, width]
    Var z = out.forward(deep.forward(x, null, mode)).squeeze(1); //       [B]  (DIEN-11)
    Outputs outputs = target.outputs(z);
    return auxiliary == null ? outputs : outputs.withLoss("aux", auxiliary); // (DIEN-5)
  }
}
