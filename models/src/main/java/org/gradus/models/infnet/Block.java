// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// One block: proxies and task tokens ask the other groups, then proxies gate the tokens of their own.
///
/// ```
/// C̃′ = CA_CS(C̃, S) + CA_CT(C̃, T)                             (IN-8)
/// S̃′ = CA_SC(S̃, C) + CA_ST(S̃, T)                             (IN-9)
/// T̃′ = CA_tC(T̃, C) + CA_tS(T̃, S)                             (IN-10)
/// T̂  = CA_TC(T, C) + CA_TS(T, S)                             (IN-11)
/// C′ = PGU(C, C̃′),  S′ = PGU(S, S̃′),  T′ = PGU(T̂, T̃′)        (IN-13)
/// ```
///
/// All four read the tokens that the block began with, and no group asks itself. In (IN-13) `INPUT` takes C̃, S̃, T̃ instead, as the
/// paper's equations have it. The same block works for several levels, and computes of each what is wanted.
public final class Block {
  private final Wiring wiring;
  private final Map<Part, Flow> flows = new EnumMap<>(Part.class);
  private final Map<Part, ProxyGate> gates = new EnumMap<>(Part.class);

  /// Which proxies gate (IN-13): the paper's text and its equations differ.
  public enum Gating {
    /// those that have asked the others in this block: the text
    UPDATED,
    /// those that the block began with: the equations as printed
    INPUT
  }

  /// What all blocks of a model have in common.
  ///
  /// @param flow who asks
  /// @param gate what proxies do
  /// @param shareTasks whether (IN-10) and (IN-11) have the same weights
  public record Config(Flow.Config flow, ProxyGate.Config gate, boolean shareTasks) {
    /// Weights of their own.
    public static final Config PAPER = new Config(Flow.Config.PAPER, ProxyGate.Config.PAPER, false);
  }

  /// How much there is of each part.
  ///
  /// @param width d
  /// @param proxies of each group: m, r F, N_s
  record Sizes(int width, Map<Part, Integer> proxies) {}

  /// A block that can compute these parts of the next level.
  Block(Config config, Wiring wiring, Sizes sizes, Set<Part> wanted, Params params) {
    this.wiring = wiring;
    for (Part query : wiring.computed(wanted)) {
      List<Part> asked = wiring.sources(query);
      Flow twin = flows.get(query == Part.T_PROXIES && config.shareTasks ? Part.T : query);
      if (twin != null) {
        flows.put(query, twin);
      } else if (!asked.isEmpty()) {
        flows.put(query, new Flow(query, asked, sizes.width, config.flow, params));
      }
    }
    for (Part tokens : wanted) {
      if (!wiring.gates(tokens).isEmpty()) {
        int proxies = present(sizes.proxies, tokens.proxies());
        gates.put(
            tokens,
            new ProxyGate(
                proxies, sizes.width, config.gate, params.at("gate").at(tokens.letter())));
      }
    }
  }

  /// What a batch has besides tokens and proxies.
  ///
  /// @param rows B
  /// @param behaviours its steps, or null
  record Context(int rows, Behaviours.@Nullable Looked behaviours) {
    CrossAttention.Keys keys(Part part, Var tokens) {
      return part == Part.S && behaviours != null
          ? new CrossAttention.Keys(tokens, behaviours.mask(), behaviours.over())
          : new CrossAttention.Keys(tokens, null, List.of());
    }

    ProxyGate.@Nullable Owners owners(Part part) {
      return part == Part.S && behaviours != null
          ? new ProxyGate.Owners(behaviours.steps().size(), behaviours.owners())
          : null;
    }
  }

  /// The wanted parts of the next level, each `[B, …, d]`.
  ///
  /// @param level what the block reads
  /// @param penalty is given a term for every attention, where there are any
  Map<Part, Var> forward(
      Map<Part, Var> level, Set<Part> wanted, Context context, Mode mode, Consumer<Var> penalty) {
    Map<Part, CrossAttention.Keys> keys = new EnumMap<>(Part.class);
    level.forEach((part, x) -> keys.put(part, context.keys(part, x)));
    Map<Part, Var> next = new EnumMap<>(Part.class);
    for (Part part : wiring.computed(wanted)) {
      Var x = present(level, part);
      Flow flow = flows.get(part);
      next.put(part, flow == null ? x : flow.forward(x, keys, mode, penalty)); // (IN-8) to (IN-11)
    }
    Map<Part, Var> proxies = wiring.gating() == Gating.UPDATED ? Map.copyOf(next) : level;
    for (Part tokens : wanted) {
      ProxyGate gate = gates.get(tokens);
      if (gate != null) {
        Var x = present(next, tokens);
        Var by = gating(tokens, proxies);
        next.put(tokens, gate.forward(x, by, context.owners(tokens), mode)); //  (IN-13)
      }
    }
    next.keySet().retainAll(wanted);
    next.replaceAll((_, x) -> x.expand(Shape.of(context.rows, x.size(1), x.size(2))));
    return next;
  }

  /// The proxies that gate some tokens. Where tasks ask nobody, those of the other groups are added to T̃ as their mean.
  private Var gating(Part tokens, Map<Part, Var> proxies) {
    Var own = present(proxies, tokens.proxies());
    List<Var> others = new ArrayList<>();
    for (Part part : wiring.gates(tokens)) {
      if (part != tokens.proxies()) {
        others.add(present(proxies, part));
      }
    }
    return others.isEmpty() ? own : own.add(mean(others));
  }

  /// The mean of all rows of some parts, `[B, 1, d]`.
  static Var mean(List<Var> parts) {
    Var sum = null;
    int rows = 0;
    for (Var part : parts) {
      Var s = part.sum(1, true);
      sum = sum == null ? s : sum.add(s);
      rows += part.size(1);
    }
    if (sum == null) {
      throw new IllegalStateException("infnet: the mean of nothing.");
    }
    return sum.multiply(1.0 / rows);
  }

  /// What a map has for a part, and must have.
  static <V> V present(Map<Part, V> map, Part part) {
    V found = map.get(part);
    if (found == null) {
      throw new IllegalStateException("infnet: " + part + " is not there, but " + map.keySet());
    }
    return found;
  }
}
