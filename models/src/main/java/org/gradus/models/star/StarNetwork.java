// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.star;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Dropout;
import org.gradus.layers.Mlp;
import org.gradus.models.star.StarLayer.Combine;
import org.gradus.tensor.MatMulKernels.Activation;

/// The star topology network: a tower of [StarLayer]s that ends in one number.
public final class StarNetwork {
  private final List<StarLayer> layers = new ArrayList<>();
  private final List<Dropout> dropouts = new ArrayList<>(); // one per layer
  private final StarLayer out;
  private final Activation activation;

  /// What a user may set.
  ///
  /// @param hidden sizes of the layers below the last
  /// @param combine what becomes of a weight and its factor
  /// @param decay λ of ½ λ Σ ‖W_p − 1‖², which is added to the loss; 0 for none
  public record Config(List<Integer> hidden, Combine combine, double decay) {
    /// Copies the list, and checks the range.
    public Config {
      hidden = List.copyOf(hidden);
      if (!(decay >= 0)) {
        throw new IllegalArgumentException("star: domainDecay " + decay + ". Expected at least 0.");
      }
    }
  }

  /// Layers `<l>` and `out` under `params`.
  ///
  /// @param in width of the input
  /// @param count P
  StarNetwork(int in, int count, Config config, Mlp.Style style, Params params) {
    int width = in;
    for (int l = 0; l < config.hidden.size(); l++) {
      layers.add(new StarLayer(width, config.hidden.get(l), count, config.combine, params.at(l)));
      dropouts.add(new Dropout(style.dropout(), params.at(l)));
      width = config.hidden.get(l);
    }
    out = new StarLayer(width, 1, count, config.combine, params.at("out"));
    activation = style.activation();
  }

  /// x `[N, in]` → `[N]`, all rows of scenario p.
  Var forward(Var x, int p, Mode mode) {
    Var h = x;
    for (int l = 0; l < layers.size(); l++) {
      h = layers.get(l).forward(h, p, activation);
      h = dropouts.get(l).forward(h, mode);
    }
    return out.forward(h, p, Activation.IDENTITY).squeeze(1);
  }

  /// ½ Σ ‖W_p − 1‖² over layers and scenarios, those that have no row in the batch too; `[]`.
  Var distance(Tape tape) {
    Var sum = out.distance(tape);
    for (StarLayer layer : layers) {
      sum = sum.add(layer.distance(tape));
    }
    return sum;
  }
}
