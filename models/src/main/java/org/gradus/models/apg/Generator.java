// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.apg;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Mlp;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// A network that says numbers of a sample's weights from its condition; of several conditions the mean of what each says.
final class Generator {
  private final List<Network> networks = new ArrayList<>();
  private final Activation activation;

  private record Network(Mlp hidden, DenseParameter weight, DenseParameter bias) {
    Var forward(Var c, Activation activation, Mode mode) {
      Tape tape = c.tape();
      Var h = hidden.forward(c, mode);
      return h.linear(tape.use(weight), tape.use(bias), activation); // [B, n]
    }
  }

  /// What generators have in common.
  ///
  /// @param hidden sizes of the layers with ReLU below the last
  /// @param activation of what is generated
  record Style(List<Integer> hidden, Activation activation) {}

  /// `<name>/<i>/…` of the hidden layers, `<name>/out/weight` and `<name>/out/bias`, under `params` for each condition.
  ///
  /// @param conditions names and widths
  /// @param out how many numbers
  /// @param identity side of a square matrix near which the numbers begin; 0 for numbers near 0
  Generator(Map<String, Integer> conditions, int out, Style style, int identity, Params params) {
    activation = style.activation;
    conditions.forEach(
        (name, width) -> {
          Mlp hidden = new Mlp(width, style.hidden, Mlp.Style.RELU, params.at(name));
          Params p = params.at(name).at("out");
          Initializer plain = Initializers.xavierUniform();
          networks.add(
              new Network(
                  hidden,
                  p.weight(
                      "weight",
                      Shape.of(hidden.out(), out),
                      identity == 0 ? plain : Initializers.scaled(0.1, plain)),
                  p.dense(
                      "bias",
                      Shape.of(out),
                      Parameter.Role.BIAS,
                      identity == 0 ? Initializers.zeros() : Initializers.identity(identity))));
        });
  }

  /// `[B, n]`
  ///
  /// @param given c of each condition, `[B, D_c]`
  Var forward(List<Var> given, Mode mode) {
    Var sum = networks.getFirst().forward(given.getFirst(), activation, mode);
    for (int i = 1; i < networks.size(); i++) {
      sum = sum.add(networks.get(i).forward(given.get(i), activation, mode));
    }
    return networks.size() == 1 ? sum : sum.multiply(1.0 / networks.size());
  }
}
