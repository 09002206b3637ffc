// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.transformer;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.FeedForward;
import org.gradus.layers.LayerNorm;
import org.gradus.layers.MultiHeadAttention;
import org.gradus.layers.MultiHeadAttention.Projected;
import org.gradus.layers.Residual;
import org.gradus.layers.TransformerEncoder;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The decoder: layers that look at what was written so far, then at the source, then bend features.
///
/// ```
/// a = residual around MultiHead(y, y, y)                     (DEC-1)
/// c = residual around MultiHead(a, memory, memory)           (DEC-2)
/// z = residual around FFN(c)                                 (DEC-3)
/// ```
///
/// Every layer reads the output of the last layer of the encoder, by matrices of its own. A pass over a whole target and a pass
/// over its next token are the same code: the second finds keys and values of earlier tokens in its [Cache].
final class Decoder {
  private final List<Layer> layers = new ArrayList<>();
  private final @Nullable LayerNorm last;

  /// One layer; each part with its residual path.
  private record Layer(
      MultiHeadAttention self,
      Residual aroundSelf,
      MultiHeadAttention cross,
      Residual aroundCross,
      FeedForward network,
      Residual aroundNetwork) {
    static Layer of(int width, TransformerEncoder.Config config, Params params) {
      Params self = params.at("attention");
      Params cross = params.at("cross");
      Params network = params.at("network");
      return new Layer(
          new MultiHeadAttention(width, config.heads(), config.attention(), self),
          config.residual(width, self.at("norm")),
          new MultiHeadAttention(width, config.heads(), config.attention(), cross),
          config.residual(width, cross.at("norm")),
          new FeedForward(width, config.network(), network),
          config.residual(width, network.at("norm")));
    }
  }

  /// What the layers know of a batch: the source, and the target so far.
  static final class Cache {
    private final List<Projected> memory; //         one per layer
    private final Tensor mask;
    private final List<@Nullable Projected> written; // one per layer
    private int length;

    private Cache(List<Projected> memory, Tensor mask, List<@Nullable Projected> written, int n) {
      this.memory = memory;
      this.mask = mask;
      this.written = written;
      this.length = n;
    }

    /// Number of tokens written.
    int length() {
      return length;
    }

    /// The same source with other beginnings of the target: row b goes on from what row `rows[b]` has written.
    ///
    /// @param rows `INT` `[B]`
    Cache from(Tensor rows) {
      List<@Nullable Projected> moved = new ArrayList<>();
      for (Projected p : written) {
        moved.add(p == null ? null : p.rows(rows));
      }
      return new Cache(memory, mask, moved, length);
    }

    private Projected written(int layer, Projected more) {
      Projected before = written.get(layer);
      Projected all = before == null ? more : before.then(more);
      written.set(layer, all);
      return all;
    }
  }

  Decoder(int width, TransformerEncoder.Config config, Params params) {
    for (int l = 0; l < config.layers(); l++) {
      layers.add(Layer.of(width, config, params.at(l)));
    }
    last = config.last(width, params.at("norm"));
  }

  /// Nothing written yet.
  ///
  /// @param memory `[B, S, d]`
  /// @param mask `[B, 1, S]`, true at real positions of the source
  Cache read(Var memory, Tensor mask) {
    List<Projected> projected = new ArrayList<>();
    List<@Nullable Projected> written = new ArrayList<>();
    for (Layer layer : layers) {
      projected.add(layer.cross.project(memory, memory));
      written.add(null);
    }
    return new Cache(projected, mask, written, 0);
  }

  /// z `[B, T, d]` of the next T tokens.
  ///
  /// @param y their embeddings `[B, T, d]`
  /// @param mask `[B, T, length + T]` or with 1 for T: which of the tokens written, these included, each may attend to
  Var forward(Var y, Tensor mask, Cache cache, Mode mode) {
    Var z = y;
    for (int l = 0; l < layers.size(); l++) {
      Layer layer = layers.get(l);
      int at = l;
      Var a =
          layer.aroundSelf.around(
              z,
              v -> {
                Projected all = cache.written(at, layer.self.project(v, v));
                return layer.self.attend(v, all, mask, mode);
              },
              mode); // (DEC-1)
      Var c =
          layer.aroundCross.around(
              a,
              v -> layer.cross.attend(v, cache.memory.get(at), cache.mask, mode),
              mode); // (DEC-2)
      z = layer.aroundNetwork.around(c, v -> layer.network.forward(v, mode), mode); // (DEC-3)
    }
    cache.length += y.size(1);
    return last == null ? z : last.forward(z);
  }
}
