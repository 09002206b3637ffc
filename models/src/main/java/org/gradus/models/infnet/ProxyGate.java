// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The proxy gated unit: the proxies of a group change its tokens.
///
/// ```
/// GATE         PGU(X, X̃) = X ⊙ κ σ(MLP([x̃₁; …]))  [+ X]                            (IN-12)
/// INTERPOLATE  g = σ([x; p] W_g + b_g),  h = f([x; p] W_h + b_h),  g ⊙ h + (1 − g) ⊙ x   (IN-16)
/// AFFINE       X ⊙ (1 + γ) + β,  [γ; β] = MLP([x̃₁; …])                              (IN-17)
/// ```
///
/// (IN-12) with κ = 1 and nothing added is the paper's: one vector of gates for an example, the same for all tokens of the group, that
/// is below 1 everywhere, so that no token grows with depth. In (IN-16) every token has gates of its own; p is the mean of the
/// group's proxies, or of those of a step's own behaviour.
public final class ProxyGate {
  private final @Nullable Projection gate; // [n d] → [d], or [2 d] for AFFINE
  private final @Nullable Linear share; //     W_g, b_g [2 d] → [d]
  private final @Nullable Linear other; //     W_h, b_h [2 d] → [d]
  private final Config config;
  private final int width;

  /// What proxies do to tokens.
  public enum Kind {
    /// the paper's
    GATE,
    /// each token between itself and something else
    INTERPOLATE,
    /// scale and shift: likely near to what version 2 of the paper calls broadcasting, whose equations we have not seen; experimental
    AFFINE
  }

  /// What a user may set.
  ///
  /// @param kind what proxies do to tokens
  /// @param residual whether `GATE` adds X
  /// @param scale κ of `GATE`; with 2, weights of 0 leave tokens as they are
  /// @param activation f of `INTERPOLATE`
  /// @param hidden layers of the MLP in front of the last one
  public record Config(
      Kind kind, boolean residual, double scale, Activation activation, Projection.Hidden hidden) {
    /// One layer of 32 in front: our choice, for the paper names none.
    public static final Config PAPER =
        new Config(Kind.GATE, false, 1, Activation.RELU, new Projection.Hidden(List.of(32), 0));
  }

  /// A gate of tokens of width d.
  ///
  /// @param proxies of the group
  ProxyGate(int proxies, int width, Config config, Params params) {
    this.config = config;
    this.width = width;
    boolean interpolates = config.kind == Kind.INTERPOLATE;
    Activation last = config.kind == Kind.GATE ? Activation.SIGMOID : Activation.IDENTITY;
    int out = config.kind == Kind.AFFINE ? 2 * width : width;
    gate = interpolates ? null : new Projection(proxies * width, config.hidden, out, last, params);
    share = interpolates ? linear(Activation.SIGMOID, params.at("share")) : null;
    other = interpolates ? linear(config.activation, params.at("other")) : null;
  }

  private Linear linear(Activation activation, Params params) {
    return new Linear(2 * width, width, activation, LinearInit.XAVIER, params);
  }

  /// X `[B, n, d]` → `[B, n, d]`.
  ///
  /// @param proxies X̃ `[B, ñ, d]`; B may be 1 where something does not depend on the example, here and for X
  /// @param owners `INT [n]`: whose proxies a token has, where the group has several owners with as many proxies each; null for one
  Var forward(Var x, Var proxies, @Nullable Owners owners, Mode mode) {
    if (share != null && other != null) {
      Var p = owners == null ? proxies.mean(1, true) : owners.spread(proxies); // [B, …, 1 or n, d]
      Shape all = Shape.broadcast("proxy gate", x.shape(), p.shape());
      Var own = x.expand(all);
      Var both = Var.concat(2, List.of(own, p.expand(all))); //                   [B, …, n, 2 d]
      Var g = share.forward(both); //                                             [B, …, n, d]
      Var h = other.forward(both); //                                             [B, …, n, d]
      return own.add(g.multiply(h.subtract(own))); //                             (IN-16)
    }
    if (gate == null) {
      throw new IllegalStateException("infnet: a gate without weights."); // one of the two is there
    }
    Var by =
        gate.forward(proxies.flatten(1), mode).unsqueeze(1); //              [B, …, 1, d or 2 d]
    if (config.kind == Kind.AFFINE) {
      Var gamma = by.slice(2, 0, width).add(1);
      return x.multiply(gamma).add(by.slice(2, width, 2 * width)); //             (IN-17)
    }
    Var gated = x.multiply(config.scale == 1 ? by : by.multiply(config.scale)); // (IN-12)
    return config.residual ? gated.add(x) : gated;
  }

  /// Whose proxies a token has.
  ///
  /// @param count F, owners
  /// @param of `INT [n]`
  record Owners(int count, Tensor of) {
    /// The mean proxy of each token's owner: `[B, F r, d]` → `[B, n, d]`.
    Var spread(Var proxies) {
      int each = proxies.size(1) / count;
      Var means = proxies.reshape(proxies.size(0), count, each, proxies.size(2)).mean(2);
      return means.gather(1, of);
    }
  }
}
