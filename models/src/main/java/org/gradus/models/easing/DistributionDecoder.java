// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.tensor.Shape;

/// From one vector per node to a mean and a log variance. Two streams, s for the value and u for the uncertainty, expand the vector to N
/// elements, refine these by self-attention over the node's own elements, and are read out:
///
/// ```
/// s⁰_n = pˢ_n x,   u⁰_n = pᵘ_n x,   n = 1 … N                       (EA-2)
/// κ = (γ c + β) + ((1 − γ) r + β)                                   (EA-7)
/// μ, ν = ReLU(κ flatten(s)) w_s + b_s,  ReLU(κ flatten(u)) w_u + b_u   (EA-8)
/// ```
///
/// ν is clipped to −10 … 10.
///
/// pˢ_n and pᵘ_n are numbers: before the first layer all elements of a node are multiples of one vector. β enters κ twice.
public final class DistributionDecoder {
  /// ν stays within −10 and 10: a variance is no smaller than e^−10.
  private static final double MOST = 10;

  private final Stream value;
  private final Stream uncertainty;
  private final DenseParameter gamma; // γ []
  private final DenseParameter beta; //  β []

  /// What a user may set.
  ///
  /// @param elements N
  /// @param layers of each stream
  /// @param trainableBasis whether pˢ and pᵘ are trained; else they stay as they were drawn
  /// @param gamma γ at the start
  /// @param layer the layers
  public record Config(
      int elements, int layers, boolean trainableBasis, double gamma, DjeLayer.Config layer) {
    /// Checks the sizes.
    public Config {
      if (elements < 1 || layers < 0) {
        throw new IllegalArgumentException(
            "easing: "
                + elements
                + " elements and "
                + layers
                + " layers. Expected at least one element, and no fewer layers than 0.");
      }
    }
  }

  /// What is predicted of every node.
  ///
  /// @param mean μ `[B]`
  /// @param logVariance ν `[B]`
  public record Distribution(Var mean, Var logVariance) {}

  /// Elements, their layers, and what reads them.
  private record Stream(DenseParameter basis, List<DjeLayer> layers, Linear out) {
    static Stream of(int width, Config config, Params params) {
      Parameter.Role role = config.trainableBasis ? Parameter.Role.WEIGHT : Parameter.Role.STATE;
      DenseParameter basis =
          params.dense("basis", Shape.of(config.elements), role, Initializers.normal(1));
      List<DjeLayer> layers = new ArrayList<>();
      for (int l = 0; l < config.layers; l++) {
        layers.add(new DjeLayer(width, config.layer, params.at(l)));
      }
      return new Stream(basis, layers, new Linear(config.elements * width, 1, params.at("out")));
    }

    /// x `[B, D]`, κ `[B, 1]` → `[B]`.
    Var read(Var x, Var kappa) {
      Var p = x.tape().use(basis).unsqueeze(1); //                  [N, 1]
      Var s = x.unsqueeze(1).multiply(p); //                        [B, N, D]  (EA-2)
      for (DjeLayer layer : layers) {
        s = layer.forward(s); //                                    [B, N, D]
      }
      Var read = s.flatten(1).multiply(kappa).relu(); //            [B, N·D]
      return out.forward(read).squeeze(1); //                       [B]  (EA-8)
    }
  }

  /// `value/…` and `uncertainty/…`: `basis`, `<l>/…` and `out/…`; `gamma` and `beta`.
  ///
  /// @param width D
  DistributionDecoder(int width, Config config, Params params) {
    value = Stream.of(width, config, params.at("value"));
    uncertainty = Stream.of(width, config, params.at("uncertainty"));
    // a number that scales and is no weight: no penalty pulls it to 0
    gamma =
        params.dense(
            "gamma", Shape.scalar(), Parameter.Role.NORM, Initializers.constant(config.gamma));
    beta = params.bias("beta", Shape.scalar());
  }

  /// μ and ν.
  ///
  /// @param x `[B, D]`
  /// @param c centrality, `[B]`
  /// @param r relational entropy, `[B]`
  Distribution forward(Var x, Var c, Var r) {
    Tape tape = x.tape();
    Var g = tape.use(gamma); //                                     []
    Var b = tape.use(beta); //                                      []
    Var central = c.multiply(g).add(b); //                          [B]
    Var relational = r.multiply(g.negate().add(1)).add(b); //       [B]
    Var kappa = central.add(relational).unsqueeze(1); //            [B, 1]  (EA-7)
    Var mean = value.read(x, kappa); //                             [B]  (EA-8)
    Var logVariance = uncertainty.read(x, kappa).clip(-MOST, MOST); // [B]  (EA-8)
    return new Distribution(mean, logVariance);
  }
}
