// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dsin;

import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.LayerNorm;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.MultiHeadAttention.Projection;
import org.gradus.layers.MultiHeadAttention.Scale;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// One interest per session: self-attention among its steps, with one set of weights for all sessions, and their mean.
///
/// ```
/// Q̃ = Q + BE                                                     (DSIN-2)
/// A = MultiHead(Q̃, Q̃, Q̃), over real steps of the same session     (DSIN-3)
/// Z = LN(Q̃ + A),  G = LN(Z + FFN(Z))                              (DSIN-4)
/// I = the mean of G over real steps, 0 when there are none         (DSIN-5)
/// ```
public final class InterestExtractor {
  private static final double EPSILON = 1e-6; // a starting point

  private final SessionPositions positions;
  private final MultiHeadAttention attention;
  private final @Nullable LayerNorm first;
  private final @Nullable LayerNorm second;
  private final @Nullable Linear wide; //   [D, 4D]
  private final @Nullable Linear narrow; // [4D, D]
  private final Config config;

  /// What a user may set.
  ///
  /// @param positions what tells steps apart
  /// @param heads of the attention, a divisor of D
  /// @param scale what scores are divided by
  /// @param projection how a head gets its queries, keys and values
  /// @param sublayers what stands around the attention
  public record Config(
      SessionPositions.Kind positions,
      int heads,
      Scale scale,
      Projection projection,
      Sublayers sublayers) {}

  /// What stands around the attention.
  ///
  /// @param residual whether (DSIN-4) adds what went in
  /// @param layerNorm whether it normalises, each time with parameters of its own
  /// @param ffn whether there is a G beside Z
  /// @param blindDiagonal whether a step may not attend to itself
  public record Sublayers(
      boolean residual, boolean layerNorm, boolean ffn, boolean blindDiagonal) {}

  /// Parameters `positions/…`, `attention/…`, `norm/0`, `norm/1`, `ffn/0` and `ffn/1` under `params`, as the config has them.
  ///
  /// @param width D
  /// @param sessions the most of a row
  /// @param length the most steps of a session
  InterestExtractor(int width, int sessions, int length, Config config, Params params) {
    this.config = config;
    Sublayers s = config.sublayers;
    positions =
        new SessionPositions(config.positions, sessions, length, width, params.at("positions"));
    attention =
        new MultiHeadAttention(
            width,
            config.heads,
            MultiHeadAttention.Config.PAPER.with(config.scale).with(config.projection),
            params.at("attention"));
    Params norm = params.at("norm");
    first = s.layerNorm ? new LayerNorm(width, EPSILON, norm.at(0)) : null;
    second = s.layerNorm && s.ffn ? new LayerNorm(width, EPSILON, norm.at(1)) : null;
    Params ffn = params.at("ffn");
    wide =
        s.ffn ? new Linear(width, 4 * width, Activation.RELU, LinearInit.XAVIER, ffn.at(0)) : null;
    narrow = s.ffn ? new Linear(4 * width, width, ffn.at(1)) : null;
  }

  /// I `[B, K, D]`, 0 for a session without steps.
  ///
  /// @param steps Q `[B, K, T, D]`
  /// @param lengths `[B·K]`, real steps of each session
  Var forward(Var steps, int[] lengths, Mode mode) {
    Tape tape = mode.tape();
    int time = steps.size(2);
    int width = steps.size(3);
    Var q = positions.forward(steps).reshape(lengths.length, time, width); // [B·K, T, D]  (DSIN-2)
    Tensor mask = mask(tape.scope(), lengths, time);
    Var a = attention.forward(q, q, q, mask, mode); //                       [B·K, T, D]  (DSIN-3)
    Var z = sublayer(q, a, first); //                                        (DSIN-4)
    Var g =
        wide == null || narrow == null ? z : sublayer(z, narrow.forward(wide.forward(z)), second);
    double[] shares = tape.scope().doubles(lengths.length * time);
    for (int i = 0; i < shares.length; i++) {
      int real = lengths[i / time];
      shares[i] = i % time < real ? 1.0 / real : 0;
    }
    Var mean = tape.constant(Shape.of(lengths.length, time), shares).weightedSum(g); // [B·K, D]
    return mean.reshape(steps.size(0), steps.size(1), width); //             (DSIN-5)
  }

  private Var sublayer(Var x, Var y, @Nullable LayerNorm norm) {
    Var sum = config.sublayers.residual ? x.add(y) : y;
    return norm == null ? sum : norm.forward(sum);
  }

  /// Which steps may attend to which: `[B·K, 1, T]`, or `[B·K, T, T]` when none may attend to itself.
  private Tensor mask(Scope scope, int[] lengths, int time) {
    if (!config.sublayers.blindDiagonal) {
      Tensor real = Masks.sequenceMask(scope, lengths, time);
      return scope.reshape(real, Shape.of(lengths.length, 1, time));
    }
    boolean[] others = scope.booleans(lengths.length * time * time);
    for (int i = 0; i < others.length; i++) {
      int from = i / time % time;
      int to = i % time;
      others[i] = to < lengths[i / (time * time)] && to != from;
    }
    return scope.upload(Shape.of(lengths.length, time, time), others);
  }
}
