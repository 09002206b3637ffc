// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.layers.LinearInit;
import org.gradus.tensor.MatMulKernels.Activation;

/// A gate neural unit: two layers that say how much of something passes, from none of it to γ times.
///
/// ```
/// r = relu(x W₁ + b₁)              (PEP-1)
/// δ = γ σ(r W₂ + b₂)               (PEP-2)
/// ```
///
/// With γ = 2 it begins near 1. Where several are asked for at once, the second layer is split among them: r is common, and each has the
/// columns of W₂ that are its own.
public final class GateNu {
  private final Linear hidden;
  private final List<Linear> outs = new ArrayList<>();
  private final double gamma;

  /// What a user may set.
  ///
  /// @param gamma γ, above 0
  /// @param hidden width of r; 0 for as many as come out
  public record Config(double gamma, int hidden) {
    /// Checks the ranges.
    public Config {
      if (!(gamma > 0) || hidden < 0) {
        throw new IllegalArgumentException(
            "pepnet: gamma "
                + gamma
                + ", gateHidden "
                + hidden
                + ". Expected gamma above 0, and gateHidden of at least 0.");
      }
    }
  }

  /// A unit with `hidden` and `out/<name>` under `params`.
  ///
  /// @param in width of x
  /// @param names of the gates
  /// @param out width of each gate
  GateNu(int in, List<String> names, int out, Config config, Params params) {
    int width = config.hidden > 0 ? config.hidden : names.size() * out;
    hidden = new Linear(in, width, Activation.RELU, LinearInit.XAVIER, params.at("hidden"));
    for (String name : names) {
      Params p = params.at("out").at(name);
      outs.add(new Linear(width, out, Activation.SIGMOID, LinearInit.XAVIER, p));
    }
    gamma = config.gamma;
  }

  /// x `[B, in]` → δ of each name, `[B, out]`.
  List<Var> forward(Var x) {
    Var r = hidden.forward(x); //                        [B, n_h]  (PEP-1)
    List<Var> deltas = new ArrayList<>();
    for (Linear out : outs) {
      deltas.add(out.forward(r).multiply(gamma)); //     [B, out]  (PEP-2)
    }
    return deltas;
  }
}
