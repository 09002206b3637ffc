// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// The mixture of low-rank experts of DCN V2 (Wang et al., WWW 2021, arXiv:2008.13535):
///
/// ```
/// E_i(x_l) = x₀ ⊙ (U_lⁱ g(C_lⁱ g((V_lⁱ)ᵀ x_l)) + b_l)        (DCN-4, XN-4)
/// x_{l+1}  = Σᵢ G_i(x_l) E_i(x_l) + x_l                       (DCN-4, XN-4)
/// G_i(x_l) = exp(γᵢᵀ x_l) / Σⱼ exp(γⱼᵀ x_l), or σ(γᵢᵀ x_l)    (DCN-5)
/// ```
///
/// x_l is the state after l of L layers, d numbers like b_l, the bias of the layer that makes x_{l+1}, one for all its
/// experts. i and j run over the K experts: expert i has U_lⁱ and V_lⁱ, d × r, r being the rank, and C_lⁱ, r × r, and gives
/// E_i. g is an activation, which the paper leaves open; G_i, one number, says how much expert i counts, and γᵢ holds its d
/// weights; σ is the logistic function, ᵀ transposes, and ⊙ multiplies number by number. `c` and `u` hold C_lⁱ and U_lⁱ
/// transposed.
///
/// The gate is one for all layers unless each is given its own. A softmax over one expert is 1 whatever its weights, and is
/// left out.
public final class MixtureCross implements CrossNetwork {
  private final List<DenseParameter> v = new ArrayList<>(); // [K, d, r]
  private final List<DenseParameter> c = new ArrayList<>(); // [K, r, r]
  private final List<DenseParameter> u = new ArrayList<>(); // [K, r, d]
  private final List<DenseParameter> b = new ArrayList<>(); // [d]
  private final List<DenseParameter> gates = new ArrayList<>(); // γ [d, K]
  private final Config config;

  /// How experts are weighed.
  public enum Gate {
    /// shares that add up to 1
    SOFTMAX,
    /// each on its own, between 0 and 1
    SIGMOID
  }

  /// What a user may set.
  ///
  /// @param layers L, at least 0
  /// @param experts K, at least 1
  /// @param rank r, at least 1
  /// @param activation g
  /// @param gate how experts are weighed
  /// @param gatePerLayer whether each layer has a gate of its own
  public record Config(
      int layers, int experts, int rank, Activation activation, Gate gate, boolean gatePerLayer) {
    /// Checks the ranges.
    public Config {
      if (layers < 0 || experts < 1 || rank < 1) {
        throw new IllegalArgumentException(
            "mixture cross: layers "
                + layers
                + ", experts "
                + experts
                + ", rank "
                + rank
                + ". Expected at least 0, 1 and 1.");
      }
    }
  }

  /// New layers under `params`.
  ///
  /// @param width d
  public MixtureCross(int width, Config config, Params params) {
    this.config = config;
    int k = config.experts;
    int r = config.rank;
    for (int l = 0; l < config.layers; l++) {
      Params p = params.at(l);
      v.add(p.weight("v", Shape.of(k, width, r), Initializers.xavierNormal()));
      c.add(p.weight("c", Shape.of(k, r, r), Initializers.xavierNormal()));
      u.add(p.weight("u", Shape.of(k, r, width), Initializers.xavierNormal()));
      b.add(p.bias("b", Shape.of(width)));
    }
    boolean constant = k == 1 && config.gate == Gate.SOFTMAX; // 1, so no weights
    int count = config.gatePerLayer ? config.layers : Math.min(1, config.layers);
    for (int l = 0; l < (constant ? 0 : count); l++) {
      Params p = config.gatePerLayer ? params.at(l) : params;
      gates.add(p.weight("gate", Shape.of(width, k), Initializers.uniformOverRoot(width)));
    }
  }

  @Override
  public Var forward(Var x0) {
    Tape tape = x0.tape();
    Var x = x0;
    for (int l = 0; l < config.layers; l++) {
      Var h = x.unsqueeze(0).matmul(tape.use(v.get(l))); //          [K, B, r]
      h = Activations.apply(config.activation, h);
      h = h.matmul(tape.use(c.get(l))); //                           [K, B, r]
      h = Activations.apply(config.activation, h);
      Var y = h.matmul(tape.use(u.get(l))).add(tape.use(b.get(l))); // [K, B, d]
      Var experts = y.multiply(x0); //                               [K, B, d]  (DCN-4, XN-4)
      if (!gates.isEmpty()) {
        experts = experts.multiply(gate(x, gates.get(config.gatePerLayer ? l : 0)));
      }
      x = experts.sum(0).add(x); //                                  [B, d]  (DCN-4, XN-4)
    }
    return x;
  }

  /// G of every expert, from the state x `[B, d]`.
  private Var gate(Var x, DenseParameter gamma) {
    Var a = x.matmul(x.tape().use(gamma)); //                           [B, K]
    Var g = config.gate == Gate.SOFTMAX ? a.softmax() : a.sigmoid(); // [B, K]  (DCN-5)
    return g.transpose().unsqueeze(2); //                               [K, B, 1]
  }
}
