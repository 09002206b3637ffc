// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// A tower of fully connected layers, each: linear, batch norm if asked for, activation, dropout.
public final class Mlp {
  private final List<Layer> layers = new ArrayList<>();
  private final int out;

  private record Layer(
      Linear linear, @Nullable BatchNorm norm, Activation activation, Dropout dropout) {}

  /// What the layers of a tower have in common.
  ///
  /// @param activation after every layer
  /// @param dropout share dropped after every layer
  /// @param batchNorm whether linear and activation are separated by batch norm
  /// @param init how weights and biases start
  public record Style(Activation activation, double dropout, boolean batchNorm, LinearInit init) {
    /// ReLU, no dropout, no batch norm, Xavier.
    public static final Style RELU = new Style(Activation.RELU, 0, false, LinearInit.XAVIER);

    /// This style with dropout.
    public Style withDropout(double rate) {
      return new Style(activation, rate, batchNorm, init);
    }

    /// This style with batch norm, or without.
    public Style withBatchNorm(boolean norm) {
      return new Style(activation, dropout, norm, init);
    }

    /// This style with another start.
    public Style withInit(LinearInit other) {
      return new Style(activation, dropout, batchNorm, other);
    }
  }

  /// A tower from `in` inputs through layers of these sizes; layer i has path `i` under `params`. No size, no layer: the
  /// tower is the identity.
  public Mlp(int in, List<Integer> sizes, Style style, Params params) {
    int width = in;
    for (int i = 0; i < sizes.size(); i++) {
      Params p = params.at(i);
      layers.add(
          new Layer(
              new Linear(
                  width,
                  sizes.get(i),
                  style.batchNorm ? Activation.IDENTITY : style.activation,
                  style.init,
                  p),
              style.batchNorm ? new BatchNorm(sizes.get(i), p.at("norm")) : null,
              style.activation,
              new Dropout(style.dropout, p)));
      width = sizes.get(i);
    }
    this.out = width;
  }

  /// x `[B, in]` → `[B, out]`.
  public Var forward(Var x, Mode mode) {
    Var h = x;
    for (Layer layer : layers) {
      h = layer.linear.forward(h);
      if (layer.norm != null) {
        h = Activations.apply(layer.activation, layer.norm.forward(h, mode));
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
