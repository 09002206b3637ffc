// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// Layers that multiply the original input with a function of the current state and add the state back: Deep & Cross
/// networks. After L layers the result holds products of degree 1 … L + 1.
public sealed interface CrossNetwork permits FullCross, LowRankCross, MixtureCross, VectorCross {
  /// x₀ `[B, N]` → x_L `[B, N]`.
  Var forward(Var x0);

  /// Refuses a negative number of layers; with none the network is the identity.
  static void checkLayers(int layers, Params params) {
    if (layers < 0) {
      throw new IllegalArgumentException(
          params.path() + ": " + layers + " cross layers. Expected at least 0.");
    }
  }
}
