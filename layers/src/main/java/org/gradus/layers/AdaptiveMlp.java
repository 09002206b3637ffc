// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// A tower of fully connected layers whose activations may learn, over rows or over the elements of sequences. Each layer is:
/// linear, batch norm if asked for, activation, dropout. Padding counts in no statistic of a batch.
public final class AdaptiveMlp {
  private static final MatMulKernels.Activation IDENTITY = MatMulKernels.Activation.IDENTITY;

  private final List<Layer> layers = new ArrayList<>();
  private final Activation activation;
  private final int out;

  /// What follows a linear layer.
  public enum Activation {
    /// σ(s)
    SIGMOID,
    /// max(s, 0)
    RELU,
    /// [Prelu]
    PRELU,
    /// [Dice]
    DICE
  }

  /// What the layers of a tower have in common.
  ///
  /// @param activation after every layer
  /// @param dropout share dropped after every layer
  /// @param batchNorm whether linear and activation are separated by batch norm
  /// @param learned what an activation that learns starts from
  public record Style(Activation activation, double dropout, boolean batchNorm, Learned learned) {
    /// With the starts of the papers.
    public Style(Activation activation, double dropout, boolean batchNorm) {
      this(activation, dropout, batchNorm, Learned.PAPER);
    }

    /// An activation, no dropout, no batch norm.
    public static Style of(Activation activation) {
      return new Style(activation, 0, false);
    }
  }

  /// What an activation that learns starts from.
  ///
  /// @param dice for [Activation#DICE]
  /// @param slope where the slopes of [Activation#PRELU] start
  public record Learned(Dice.Config dice, double slope) {
    /// The starts of the papers.
    public static final Learned PAPER = new Learned(Dice.Config.PAPER, Prelu.PAPER);
  }

  private record Layer(
      Linear linear,
      @Nullable BatchNorm norm,
      @Nullable Prelu prelu,
      @Nullable Dice dice,
      Dropout dropout) {}

  /// A tower from `in` inputs through layers of these sizes; layer i has path `i` under `params`, its batch norm `norm` and
  /// its learned activation `activation` below. No size, no layer: the tower is the identity.
  public AdaptiveMlp(int in, List<Integer> sizes, Style style, Params params) {
    activation = style.activation;
    int width = in;
    for (int i = 0; i < sizes.size(); i++) {
      Params p = params.at(i);
      int size = sizes.get(i);
      layers.add(
          new Layer(
              new Linear(width, size, style.batchNorm ? IDENTITY : fused(), LinearInit.XAVIER, p),
              style.batchNorm ? new BatchNorm(size, p.at("norm")) : null,
              activation == Activation.PRELU
                  ? new Prelu(size, style.learned.slope, p.at("activation"))
                  : null,
              activation == Activation.DICE
                  ? new Dice(size, style.learned.dice, p.at("activation"))
                  : null,
              new Dropout(style.dropout, p)));
      width = size;
    }
    this.out = width;
  }

  /// The part of the activation that is one kernel with the linear layer.
  private MatMulKernels.Activation fused() {
    return switch (activation) {
      case SIGMOID -> MatMulKernels.Activation.SIGMOID;
      case RELU -> MatMulKernels.Activation.RELU;
      case PRELU, DICE -> IDENTITY;
    };
  }

  /// x `[…, in]` → `[…, out]`.
  ///
  /// @param mask `[…]`, true at real elements; null when all are. What comes out at others nobody may read
  public Var forward(Var x, @Nullable Tensor mask, Mode mode) {
    Var h = x;
    for (Layer layer : layers) {
      h = layer.linear.forward(h);
      if (layer.norm != null) {
        h = Activations.apply(fused(), layer.norm.forward(h, mask, mode));
      }
      if (layer.prelu != null) {
        h = layer.prelu.forward(h);
      }
      if (layer.dice != null) {
        h = layer.dice.forward(h, mask, mode);
      }
      h = layer.dropout.forward(h, mode);
    }
    return h;
  }

  /// Width of the last layer.
  public int out() {
    return out;
  }
}
