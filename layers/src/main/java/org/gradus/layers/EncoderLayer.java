// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Tensor;

/// One layer of a [TransformerEncoder]: positions mix, then features.
///
/// ```
/// a = residual around MultiHead(x, x, x)                     (ENC-1)
/// y = residual around FFN(a)                                 (ENC-2)
/// ```
final class EncoderLayer {
  private final MultiHeadAttention attention;
  private final FeedForward network;
  private final Residual aroundAttention;
  private final Residual aroundNetwork;

  EncoderLayer(int width, TransformerEncoder.Config config, Params params) {
    Params first = params.at("attention");
    Params second = params.at("network");
    attention = new MultiHeadAttention(width, config.heads(), config.attention(), first);
    network = new FeedForward(width, config.network(), second);
    aroundAttention = config.residual(width, first.at("norm"));
    aroundNetwork = config.residual(width, second.at("norm"));
  }

  /// x `[B, T, d]` → `[B, T, d]`.
  ///
  /// @param mask `[B, 1, T]` or `[B, T, T]`, true where a position may attend to another
  Var forward(Var x, Tensor mask, Mode mode) {
    Var a = aroundAttention.around(x, v -> attention.forward(v, v, v, mask, mode), mode); // (ENC-1)
    return aroundNetwork.around(a, v -> network.forward(v, mode), mode); //                (ENC-2)
  }
}
