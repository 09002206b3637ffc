// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fibinet;

import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;

/// Squeeze and excitation: how much each field counts, for each example.
///
/// ```
/// zᵢ   = (1/k) Σ_t e_{i,t}                                    (FB-1), squeeze
/// A    = σ₂(σ₁(z W₁) W₂)                                      (FB-2), excitation
/// vᵢ   = Aᵢ eᵢ                                                (FB-3), re-weight
/// ```
///
/// eᵢ is the embedding of field i of f, fields being counted from 0: k numbers, over which t runs. z is the row of all zᵢ; W₁ is
/// `w1 [f, f_r]` and W₂ is `w2 [f_r, f]` with f_r = max(1, ⌊f/r⌋), r being the reduction ratio, no biases. σ₁ is ReLU, and σ₂ too
/// unless set otherwise. A has a number Aᵢ per field, vᵢ is the rescaled embedding; E are all eᵢ, V all vᵢ, of B examples.
/// Weights start as Glorot and Bengio have them, which is ours. [Mode#watchParts] is told of A, for who wants to see it.
public final class Senet {
  private final DenseParameter w1; // [f, f_r]
  private final DenseParameter w2; // [f_r, f]
  private final Config config;
  private final List<String> fields; // names, for the watcher
  private final String path; //         under which the watcher hears of A

  /// How an embedding becomes one number.
  public enum Squeeze {
    /// its mean, as in the paper
    MEAN,
    /// its largest number: zᵢ = max over t of e_{i,t}
    MAX
  }

  /// σ₂, from which a field's weight comes.
  public enum Excitation {
    /// as in the paper: a weight may be 0, and the field is gone
    RELU,
    /// between 0 and 1, not the paper's
    SIGMOID
  }

  /// What a user may set.
  ///
  /// @param reductionRatio r, at least 1
  /// @param squeeze how an embedding becomes one number
  /// @param excitation σ₂
  public record Config(int reductionRatio, Squeeze squeeze, Excitation excitation) {
    /// Checks the ratio.
    public Config {
      if (reductionRatio < 1) {
        throw new IllegalArgumentException(
            "fibinet: reduction ratio " + reductionRatio + ". Expected at least 1.");
      }
    }
  }

  /// New weights under `params`.
  ///
  /// @param fields names of the f fields
  Senet(List<String> fields, Config config, Params params) {
    this.config = config;
    this.fields = List.copyOf(fields);
    path = params.path();
    int f = fields.size();
    int reduced = Math.max(1, f / config.reductionRatio); // f_r
    w1 = params.weight("w1", Shape.of(f, reduced), Initializers.xavierUniform());
    w2 = params.weight("w2", Shape.of(reduced, f), Initializers.xavierUniform());
  }

  /// E `[B, f, k]` → V `[B, f, k]`.
  Var forward(Var e, Mode mode) {
    Var a = weights(e); //                              [B, f]
    mode.watchParts(path, fields, a, null); // null: no field is masked
    return a.unsqueeze(2).multiply(e); //               [B, f, k]  (FB-3)
  }

  /// A `[B, f]`.
  Var weights(Var e) {
    Tape tape = e.tape();
    Var z =
        switch (config.squeeze) {
          case MEAN -> e.mean(2); //                     [B, f]  (FB-1)
          case MAX -> e.max(2); //                       [B, f]  (FB-1)
        };
    Var hidden = z.matmul(tape.use(w1)).relu(); //      [B, f_r]  (FB-2)
    Var a = hidden.matmul(tape.use(w2)); //             [B, f]  (FB-2)
    return switch (config.excitation) {
      case RELU -> a.relu(); //                         [B, f]  (FB-2)
      case SIGMOID -> a.sigmoid(); //                   [B, f]  (FB-2)
    };
  }
}
