// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The local activation unit of DIN (Zhou et al. 2018): a small tower says of every step of a history how much it has to do
/// with the candidate.
///
/// ```
/// z_t = [a, e_t, a − e_t, a ⊙ e_t]                    (DIN-1)
/// s_t = MLP(z_t)                                      (DIN-2)
/// w_t = m_t s_t,  m_t σ(s_t),  or the softmax of s/κ over real t   (DIN-3)
/// v   = Σ_t w_t e_t                                   (DIN-4)
/// ```
///
/// Padding has weight 0, whatever stands there; a history without a real step has v = 0. (DIN-1) and (DIN-4) are one kernel
/// each; composed of single operations they read
///
/// ```
/// A = a.unsqueeze(1).expand(e.shape())
/// z = concat(2, [A, e, A.subtract(e), A.multiply(e)])
/// v = w.unsqueeze(2).multiply(e).sum(1)
/// ```
public final class LocalActivationUnit {
  private final AdaptiveMlp tower;
  private final DenseParameter weight; //          [h, 1]
  private final @Nullable DenseParameter bias; //  [1]; a softmax would cancel it
  private final Config config;
  private final int width;
  private final String path;

  /// What the tower sees of candidate a and step e.
  public enum Interaction {
    /// `[a, e, a − e, a ⊙ e]`: the authors' program
    AUTHOR,
    /// `[a, e, a ⊙ e]`
    PRODUCT,
    /// `[a, e, vec(a ⊗ e)]`: "out product" in the paper's text
    OUTER
  }

  /// How scores become weights.
  public enum Normalization {
    /// as they are: their sum says how strong the interest is (the paper)
    NONE,
    /// each between 0 and 1 on its own
    SIGMOID,
    /// softmax over real steps
    SOFTMAX,
    /// softmax of scores divided by √D (the authors' program)
    SOFTMAX_SCALED
  }

  /// What a user may set.
  ///
  /// @param interaction what the tower sees
  /// @param hidden sizes of its layers before the last, which has one unit
  /// @param style of these layers
  /// @param normalization how scores become weights
  public record Config(
      Interaction interaction,
      List<Integer> hidden,
      AdaptiveMlp.Style style,
      Normalization normalization) {
    /// 36 units with Dice, no softmax.
    public static final Config PAPER =
        new Config(
            Interaction.AUTHOR, List.of(36), AdaptiveMlp.Activation.DICE, Normalization.NONE);

    /// With layers that have nothing but an activation.
    public Config(
        Interaction interaction,
        List<Integer> hidden,
        AdaptiveMlp.Activation activation,
        Normalization normalization) {
      this(interaction, hidden, AdaptiveMlp.Style.of(activation), normalization);
    }

    private boolean softmax() {
      return normalization == Normalization.SOFTMAX
          || normalization == Normalization.SOFTMAX_SCALED;
    }
  }

  /// A unit whose layers have the paths `0`, `1`, … and `out` under `params`.
  ///
  /// @param width D, of candidate and steps
  public LocalActivationUnit(int width, Config config, Params params) {
    int in =
        switch (config.interaction) {
          case AUTHOR -> 4 * width;
          case PRODUCT -> 3 * width;
          case OUTER -> 2 * width + Math.multiplyExact(width, width);
        };
    tower = new AdaptiveMlp(in, config.hidden, config.style, params);
    Params out = params.at("out");
    weight = out.weight("weight", Shape.of(tower.out(), 1), Initializers.xavierUniform());
    bias = config.softmax() ? null : out.bias("bias", Shape.of(1));
    this.config = config;
    this.width = width;
    this.path = params.path();
  }

  /// v `[B, D]`, the steps summed by weight.
  ///
  /// @param candidate a `[B, D]`
  /// @param steps e `[B, T, D]`, finite at padding too
  /// @param mask `[B, T]`, true at real steps
  public Var forward(Var candidate, Var steps, Tensor mask, Mode mode) {
    return weights(candidate, steps, mask, mode).weightedSum(steps); // [B, D]  (DIN-4)
  }

  /// Where the parameters are.
  public String path() {
    return path;
  }

  /// w `[B, T]`, the weights of the steps; 0 at padding.
  public Var weights(Var candidate, Var steps, Tensor mask, Mode mode) {
    Var s = scores(candidate, steps, mask, mode);
    return switch (config.normalization) {
      case NONE -> s.keepWhere(mask); //                                       (DIN-3)
      case SIGMOID -> s.sigmoid().keepWhere(mask); //                          (DIN-3)
      case SOFTMAX -> s.softmax(mask); //                                      (DIN-3)
      case SOFTMAX_SCALED -> s.multiply(1 / Math.sqrt(width)).softmax(mask); // (DIN-3)
    };
  }

  /// s `[B, T]`, which nobody may read at padding.
  private Var scores(Var candidate, Var steps, Tensor mask, Mode mode) {
    Var z = features(candidate, steps); //                          [B, T, in]  (DIN-1)
    Var h = tower.forward(z, mask, mode); //                        [B, T, h]
    Var s = h.matmul(mode.tape().use(weight)).squeeze(2); //        [B, T]  (DIN-2)
    return bias == null ? s : s.add(mode.tape().use(bias));
  }

  private Var features(Var a, Var e) {
    if (config.interaction == Interaction.AUTHOR) {
      return e.facing(a); // (DIN-1)
    }
    Var repeated = a.unsqueeze(1).expand(e.shape()); // [B, T, D]
    Var third =
        config.interaction == Interaction.PRODUCT
            ? repeated.multiply(e)
            : a.unsqueeze(1).unsqueeze(3).multiply(e.unsqueeze(2)).flatten(2); // [B, T, D²]
    return Var.concat(2, List.of(repeated, e, third));
  }
}
