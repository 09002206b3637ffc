// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import java.util.List;
import java.util.Objects;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.AdaptiveMlp;
import org.gradus.layers.LocalActivationUnit;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Weighs the sessions by how much they have to do with the candidate.
///
/// ```
/// a_k = softmax over real sessions of I_k W x_Iᵀ,  U = Σ_k a_k I_k    (DSIN-7), (DSIN-8)
/// ```
///
/// or, for the scores, the activation unit of DIN. A row without sessions has U = 0.
public final class InterestActivation {
  private final @Nullable DenseParameter weight; // W [D, D_q]
  private final @Nullable LocalActivationUnit unit;
  private final String path;

  /// Where scores come from.
  public enum Score {
    /// I_k W x_Iᵀ (the paper)
    BILINEAR,
    /// the small tower of DIN (a public library)
    DIN_MLP
  }

  /// What a user may set.
  ///
  /// @param score where scores come from
  /// @param hidden sizes of the small tower, with sigmoids
  public record Config(Score score, List<Integer> hidden) {}

  /// `weight`, or the layers of the tower, under `params`.
  ///
  /// @param width of a session's vector
  /// @param candidate D_q; the tower needs as many numbers in both
  InterestActivation(int width, int candidate, Config config, Params params) {
    path = params.path();
    boolean bilinear = config.score == Score.BILINEAR;
    weight =
        bilinear
            ? params.weight("weight", Shape.of(width, candidate), Initializers.xavierUniform())
            : null;
    unit =
        bilinear
            ? null
            : new LocalActivationUnit(
                width,
                new LocalActivationUnit.Config(
                    LocalActivationUnit.Interaction.AUTHOR,
                    config.hidden,
                    AdaptiveMlp.Activation.SIGMOID,
                    LocalActivationUnit.Normalization.SOFTMAX),
                params);
  }

  /// Where the parameters are.
  String path() {
    return path;
  }

  /// a `[B, K]`, 0 where there is no session.
  ///
  /// @param candidate x_I `[B, D_q]`
  /// @param interests `[B, K, D]`, finite at padding too
  /// @param mask `[B, K]`, true at real sessions
  Var weights(Var candidate, Var interests, Tensor mask, Mode mode) {
    if (unit != null) {
      return unit.weights(candidate, interests, mask, mode);
    }
    Var w = mode.tape().use(Objects.requireNonNull(weight));
    Var asked = candidate.matmul(w, false, true).unsqueeze(2); // [B, D, 1], W x_Iᵀ
    return interests.matmul(asked).squeeze(2).softmax(mask);
  }
}
