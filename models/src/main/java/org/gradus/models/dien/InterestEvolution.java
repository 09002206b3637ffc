// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dien;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.embeddings.History;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.Attention;
import org.gradus.layers.Gru;
import org.gradus.layers.Linear;
import org.gradus.layers.LocalActivationUnit;
import org.gradus.layers.Prelu;
import org.gradus.layers.States;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The evolution of that interest which concerns the candidate: attention to the states of the extractor, and a second recurrent
/// layer in which it takes part.
///
/// ```
/// s_t = h_t W aᵀ,  α = softmax of s over real steps              (DIEN-6)
/// GRU    h′_t = GRU(h_t, h′_{t−1}),  result Σ_t α_t h′_t         (DIEN-7)
/// AIGRU  h′_t = GRU(α_t h_t, h′_{t−1})                           (DIEN-8)
/// AGRU   h′_t = (1 − α_t) h′_{t−1} + α_t n_t                     (DIEN-9)
/// AUGRU  h′_t = (1 − α_t u_t) ⊙ h′_{t−1} + α_t u_t ⊙ n_t         (DIEN-10)
/// ```
///
/// In (DIEN-7) attention is to h′, otherwise to h. The result of (DIEN-8) to (DIEN-10) is h′ after the last real step. α sums
/// to 1, so in (DIEN-10) all updates of a history together are less than one whole update: that is the paper.
public final class InterestEvolution {
  private final Cell cell;
  private final Gru gru;
  private final @Nullable Attention attention;
  private final @Nullable Linear projection; // of the candidate, for the activation unit
  private final @Nullable Prelu slope;
  private final @Nullable LocalActivationUnit unit;
  private final String watched;

  /// Where attention acts.
  public enum Cell {
    /// on the result, (DIEN-7)
    GRU,
    /// on the input, (DIEN-8)
    AIGRU,
    /// as the update gate, (DIEN-9)
    AGRU,
    /// on the update gate, (DIEN-10)
    AUGRU,
    /// on the gate that keeps the state, which goes from u to (1 − α) u: the authors' program. An update of α + (1 − α) u
    /// is a GRU for α = 0 and takes the candidate for α = 1, the opposite of (DIEN-10) at either end
    AUGRU_AUTHOR_CODE;

    private Mixing mixing() {
      return switch (this) {
        case GRU, AIGRU -> Mixing.UPDATE;
        case AGRU -> Mixing.ATTENTION;
        case AUGRU -> Mixing.ATTENTION_UPDATE;
        case AUGRU_AUTHOR_CODE -> Mixing.ATTENTION_KEEP;
      };
    }
  }

  /// How a state is held against the candidate.
  public enum Score {
    /// h W aᵀ, (DIEN-6)
    BILINEAR,
    /// h aᵀ, where both are equally wide
    DOT,
    /// the activation unit of DIN, on the candidate made as wide as a state by a layer with PReLU (the authors' program)
    DIN_MLP
  }

  /// What a user may set.
  ///
  /// @param cell where attention acts
  /// @param score how a state is held against the candidate
  /// @param hidden sizes of the layers of the activation unit, which has sigmoids
  /// @param normalization what becomes of scores
  public record Config(
      Cell cell, Score score, List<Integer> hidden, Attention.Normalization normalization) {
    /// AUGRU on bilinear attention; 80 and 40 are the sizes of the authors' program.
    public static final Config PAPER =
        new Config(Cell.AUGRU, Score.BILINEAR, List.of(80, 40), Attention.Normalization.SOFTMAX);
  }

  /// @param candidate Da
  /// @param states H
  InterestEvolution(int candidate, int states, Config config, Params params) {
    cell = config.cell;
    gru = new Gru(states, states, Gru.Form.DIEN.withMixing(cell.mixing()), params.at("evolution"));
    Params p = params.at("attention");
    watched = p.path();
    attention =
        switch (config.score) {
          case BILINEAR ->
              new Attention(
                  candidate, states, new Attention.Score.Bilinear(false), config.normalization, p);
          case DOT ->
              new Attention(candidate, states, new Attention.Score.Dot(), config.normalization, p);
          case DIN_MLP -> null;
        };
    boolean deep = config.score == Score.DIN_MLP;
    projection = deep ? new Linear(candidate, states, p.at("candidate")) : null;
    slope = deep ? new Prelu(states, Prelu.DIEN, p.at("candidate")) : null;
    unit = deep ? new LocalActivationUnit(states, unit(config), p) : null;
  }

  private static LocalActivationUnit.Config unit(Config config) {
    return new LocalActivationUnit.Config(
        LocalActivationUnit.Interaction.AUTHOR,
        config.hidden,
        AdaptiveMlp.Activation.SIGMOID,
        switch (config.normalization) {
          case SOFTMAX -> LocalActivationUnit.Normalization.SOFTMAX;
          case SIGMOID -> LocalActivationUnit.Normalization.SIGMOID;
          case NONE -> LocalActivationUnit.Normalization.NONE;
        });
  }

  /// The interest in the candidate, `[B, H]`; 0 for a history without a real step.
  ///
  /// @param states h `[B, T, H]`, finite at padding too
  /// @param lengths `INT [B]`
  Var forward(Var states, Tensor lengths, History history, History.Looked looked, Mode mode) {
    if (cell == Cell.GRU) {
      Var h = gru.forward(states, null, null, lengths).carried(); //      [B, T, H]
      Var alpha = weights(h, looked, mode); //                            [B, T]  (DIEN-6)
      mode.watch(watched, history.columns(), alpha, looked.mask());
      return alpha.weightedSum(h); //                                     [B, H]  (DIEN-7)
    }
    Var alpha = weights(states, looked, mode); //                         [B, T]  (DIEN-6)
    mode.watch(watched, history.columns(), alpha, looked.mask());
    States evolved =
        cell == Cell.AIGRU
            ? gru.forward(alpha.unsqueeze(2).multiply(states), null, null, lengths) // (DIEN-8)
            : gru.forward(states, null, alpha, lengths); //               (DIEN-9), (DIEN-10)
    return evolved.last(); //                                             [B, H]
  }

  private Var weights(Var states, History.Looked looked, Mode mode) {
    if (attention != null) {
      return attention.weights(looked.candidate(), states, looked.mask());
    }
    if (projection == null || slope == null || unit == null) {
      throw new IllegalStateException("dien: attention without parameters.");
    }
    Var a = slope.forward(projection.forward(looked.candidate())); //     [B, H]
    return unit.weights(a, states, looked.mask(), mode);
  }
}
