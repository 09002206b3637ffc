// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// Layers that multiply the original input with a function of the current state and add the state back: Deep & Cross
/// networks. After L layers the result holds products of up to L + 1 numbers of the input, in a mixture with an activation
/// between. x₀ is the input, x_l the state after l layers, d numbers each; DLRM, where d is a vector, calls their count N.
public sealed interface CrossNetwork permits FullCross, LowRankCross, MixtureCross, VectorCross {
  /// x₀ `[B, d]` → x_L `[B, d]`, B being the examples of a batch.
  Var forward(Var x0);

  /// Refuses a negative number of layers; with none the network is the identity.
  static void checkLayers(int layers, Params params) {
    if (layers < 0) {
      throw new IllegalArgumentException(
          params.path() + ": " + layers + " cross layers. Expected at least 0.");
    }
  }
}
