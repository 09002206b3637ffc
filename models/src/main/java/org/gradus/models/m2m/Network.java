// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Dropout;
import org.gradus.layers.Linear;

/// Fully connected layers whose weights all samples share: h ← dropout(σ(h W + b)).
final class Network {
  private final List<Linear> layers = new ArrayList<>();
  private final List<Dropout> dropouts = new ArrayList<>(); // one per layer
  private final Nonlinearity sigma;

  /// Layers `<l>` under `params`: some of these sizes, and a last one.
  ///
  /// @param in width of the input
  Network(int in, M2m.Sizes sizes, M2m.Style style, Params params) {
    int width = in;
    for (int size : sizes.all()) {
      Params p = params.at(layers.size());
      layers.add(new Linear(width, size, p));
      dropouts.add(new Dropout(style.dropout(), p));
      width = size;
    }
    sigma = style.sigma();
  }

  /// x `[B, in]` → `[B, out]`.
  Var forward(Var x, Mode mode) {
    Var h = x;
    for (int l = 0; l < layers.size(); l++) {
      h = sigma.of(layers.get(l).forward(h));
      h = dropouts.get(l).forward(h, mode);
    }
    return h;
  }
}
