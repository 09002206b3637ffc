// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.autoint;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Dropout;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The interacting layer of AutoInt: fields attend to fields.
///
/// ```
/// ψ⁽ʰ⁾(e_m, e_k) = ⟨W_Query⁽ʰ⁾ e_m, W_Key⁽ʰ⁾ e_k⟩  [/ √d′]          (AI-1)
/// α⁽ʰ⁾_{m,k}     = exp ψ⁽ʰ⁾(e_m, e_k) / Σ_n exp ψ⁽ʰ⁾(e_m, e_n)       (AI-2)
/// ẽ_m⁽ʰ⁾         = Σ_k α⁽ʰ⁾_{m,k} W_Value⁽ʰ⁾ e_k                     (AI-3)
/// ẽ_m            = [ẽ_m⁽¹⁾; …; ẽ_m⁽ᴴ⁾]                              (AI-3)
/// e_m^Res        = ReLU(ẽ_m [+ W_Res e_m])                          (AI-4)
/// ```
///
/// e_m holds the d numbers that come in for field m; m, k and n run over the M fields, h over the H heads, from 1. ψ is a
/// score of how well what field m asks, W_Query⁽ʰ⁾ e_m, and what field k answers, W_Key⁽ʰ⁾ e_k, go together. α is the share
/// that field m takes of field k. ẽ_m⁽ʰ⁾ is the mixture, by these shares, of what the fields offer, W_Value⁽ʰ⁾ e_k; ẽ_m has
/// the mixtures of all heads. The matrices W_Query⁽ʰ⁾, W_Key⁽ʰ⁾ and W_Value⁽ʰ⁾ are d′ × d, and W_Res, (H·d′) × d, brings the
/// numbers of field m along. e_m^Res is the layer's result for field m. ⟨·, ·⟩ is an inner product, [·; ·] puts vectors
/// one behind the other. What stands in brackets with an operator is there if asked for.
///
/// Every head is d′ wide, so the result e_m^Res is H·d′ wide, whatever d is. The heads' matrices, transposed, stand side by side
/// in one, columns (h − 1)·d′ … h·d′ − 1 being those of head h. Who watches a pass, such as `gradus explain`, is told of α, before
/// dropout, by [Mode#watchParts]. B is the number of examples in a batch.
final class InteractingLayer {
  private final DenseParameter query; //              W_Query [d, H·d′]
  private final DenseParameter key; //                W_Key   [d, H·d′]
  private final DenseParameter value; //              W_Value [d, H·d′]
  private final @Nullable DenseParameter residual; // W_Res   [d, H·d′]
  private final Dropout dropout; //                   of α
  private final List<String> fields; //               names of the M fields, for who watches
  private final String path; //                       of this layer, for who watches
  private final Config config;

  /// What the layers have in common.
  ///
  /// @param heads H, at least 1
  /// @param headDim d′, at least 1
  /// @param residual whether there is a W_Res
  /// @param scaled whether ψ is divided by √d′
  /// @param attentionDropout share of α dropped in training, in [0, 1)
  record Config(int heads, int headDim, boolean residual, boolean scaled, double attentionDropout) {
    Config {
      if (heads < 1 || headDim < 1) {
        throw new IllegalArgumentException(
            "autoint: " + heads + " heads of size " + headDim + ". Expected at least 1 each.");
      }
    }

    /// H·d′
    int width() {
      return heads * headDim;
    }
  }

  /// New projections under `params`.
  ///
  /// @param fields names of the M fields
  /// @param in d
  InteractingLayer(List<String> fields, int in, Config config, Params params) {
    this.fields = List.copyOf(fields);
    this.path = params.path();
    this.config = config;
    Shape shape = Shape.of(in, config.width());
    query = params.weight("query", shape, Initializers.xavierUniform());
    key = params.weight("key", shape, Initializers.xavierUniform());
    value = params.weight("value", shape, Initializers.xavierUniform());
    residual =
        config.residual ? params.weight("residual", shape, Initializers.xavierUniform()) : null;
    dropout = new Dropout(config.attentionDropout, params);
  }

  /// e `[B, M, d]` → `[B, M, H·d′]`.
  Var forward(Var e, Mode mode) {
    Tape tape = mode.tape();
    Var queries = heads(e.matmul(tape.use(query))); //   [B, H, M, d′]
    Var keys = heads(e.matmul(tape.use(key))); //        [B, H, M, d′]
    Var values = heads(e.matmul(tape.use(value))); //    [B, H, M, d′]
    Var psi = queries.matmul(keys, false, true); //      [B, H, M, M]  (AI-1), keys transposed
    if (config.scaled) {
      psi = psi.multiply(1 / Math.sqrt(config.headDim)); // [B, H, M, M]  (AI-1)
    }
    Var alpha = psi.softmax(); //                        [B, H, M, M]  (AI-2), over k, the last axis
    mode.watchParts(path, fields, alpha, null);
    Var mixed = dropout.forward(alpha, mode).matmul(values); // [B, H, M, d′]  (AI-3)
    Var y = mixed.permute(0, 2, 1, 3).flatten(2); //     [B, M, H·d′]  (AI-3), ẽ
    if (residual != null) {
      y = y.add(e.matmul(tape.use(residual))); //        [B, M, H·d′]  (AI-4)
    }
    return y.relu(); //                                  [B, M, H·d′]  (AI-4)
  }

  /// The columns of each head apart: `[B, M, H·d′]` → `[B, H, M, d′]`.
  private Var heads(Var x) {
    return x.reshape(x.size(0), x.size(1), config.heads, config.headDim).permute(0, 2, 1, 3);
  }
}
