// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.hmoe;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Mlp;
import org.gradus.models.ScenarioRows;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// How much the tower of every scenario counts for an example:
///
/// ```
/// a = mlp(x) W,   ω = softmax(a) over the P scenarios           (HM-5)
/// ```
///
/// One network for all, or one per scenario, which its own rows read. The softmax of one number is 1 whatever the weights: with one
/// scenario there are none.
public final class Mixing {
  private final List<Network> networks = new ArrayList<>(); // one, or P; none where ω is 1
  private final Config config;
  private final int count;

  private record Network(Mlp hidden, DenseParameter weight) {
    /// x `[N, d]` → `[N, P]`.
    Var forward(Var x, Mode mode) {
      Tape tape = x.tape();
      return hidden.forward(x, mode).matmul(tape.use(weight));
    }
  }

  /// How a becomes ω.
  public enum Normalisation {
    /// ω adds up to 1
    SOFTMAX,
    /// each between 0 and 1
    SIGMOID,
    /// ω = a
    NONE
  }

  /// What a user may set.
  ///
  /// @param shared whether all scenarios have one network
  /// @param hidden sizes of the layers below W
  /// @param normalisation how a becomes ω
  public record Config(boolean shared, List<Integer> hidden, Normalisation normalisation) {
    /// Copies the list.
    public Config {
      hidden = List.copyOf(hidden);
    }
  }

  /// `weight [n, P]` and layers `<l>` under `params` and `shared`, or under the number of each scenario.
  ///
  /// @param in width of x
  /// @param count P
  Mixing(int in, int count, Config config, Params params) {
    this.config = config;
    this.count = count;
    boolean one = count == 1 && config.normalisation == Normalisation.SOFTMAX;
    for (int p = 0; p < (one ? 0 : config.shared ? 1 : count); p++) {
      Params own = config.shared ? params.at("shared") : params.at(p);
      Mlp hidden = new Mlp(in, config.hidden, Mlp.Style.RELU, own);
      networks.add(
          new Network(
              hidden,
              own.weight("weight", Shape.of(hidden.out(), count), Initializers.xavierUniform())));
    }
  }

  /// a `[B, P]`; null where there is nothing to weigh.
  @Nullable Var scores(Var x, ScenarioRows rows, Mode mode) {
    if (networks.isEmpty()) {
      return null;
    }
    if (config.shared) {
      return networks.getFirst().forward(x, mode); //                           [B, P]
    }
    List<Var> parts = new ArrayList<>();
    for (ScenarioRows.Group g : rows.groups()) {
      parts.add(networks.get(g.scenario()).forward(g.of(x), mode)); //          [N, P]
    }
    return rows.inOrder(parts);
  }

  /// ω `[B, P]`
  ///
  /// @param a what [#scores] says
  /// @param size B
  Var weights(@Nullable Var a, int size, Tape tape) {
    if (a == null) {
      return tape.constant(Shape.scalar(), 1f).expand(Shape.of(size, count));
    }
    return switch (config.normalisation) {
      case SOFTMAX -> a.softmax();
      case SIGMOID -> a.sigmoid();
      case NONE -> a;
    };
  }

  /// ln ω `[B, P]` of a softmax.
  Var logWeights(@Nullable Var a, int size, Tape tape) {
    return a == null
        ? tape.constant(Shape.scalar(), 0f).expand(Shape.of(size, count))
        : a.logSoftmax();
  }
}
