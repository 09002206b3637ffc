// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;

/// The blocks, one upon the other: (IN-7) to (IN-13), N times.
public final class Stack {
  private final List<Block> blocks = new ArrayList<>(); // N, or one
  private final Plan plan;

  /// What a user may set.
  ///
  /// @param blocks N
  /// @param shared whether they have the same weights
  /// @param gating which proxies gate
  /// @param checkpoint whether a block is forgotten after the forward pass, and computed again on the way back
  /// @param skipUnused whether what nobody reads is left out
  public record Config(
      int blocks, boolean shared, Block.Gating gating, boolean checkpoint, boolean skipUnused) {
    /// Two blocks; the paper does not report how many.
    public static final Config PAPER = new Config(2, false, Block.Gating.UPDATED, false, true);

    /// Checks the range.
    public Config {
      if (blocks < 1) {
        throw new IllegalArgumentException("infnet: " + blocks + " blocks. Expected at least 1.");
      }
    }
  }

  /// What each level has to have.
  ///
  /// @param wanted of levels 0 … N; the heads read the last one
  record Plan(Config config, List<Set<Part>> wanted) {
    /// From the heads down.
    static Plan of(Config config, Wiring wiring) {
      List<Set<Part>> wanted = new ArrayList<>();
      wanted.add(config.skipUnused ? wiring.heads() : wiring.present());
      for (int l = 0; l < config.blocks; l++) {
        wanted.addFirst(config.skipUnused ? wiring.read(wanted.getFirst()) : wiring.present());
      }
      return new Plan(config, wanted);
    }

    /// What the first block reads.
    Set<Part> first() {
      return wanted.getFirst();
    }
  }

  /// Blocks with the paths `<l>` under `params`, or `all` for one that is shared.
  Stack(Block.Config block, Wiring wiring, Block.Sizes sizes, Plan plan, Params params) {
    this.plan = plan;
    int n = plan.config.blocks;
    if (plan.config.shared) {
      Set<Part> any = EnumSet.noneOf(Part.class);
      plan.wanted.subList(1, n + 1).forEach(any::addAll);
      blocks.add(new Block(block, wiring, sizes, any, params.at("all")));
    } else {
      for (int l = 0; l < n; l++) {
        blocks.add(new Block(block, wiring, sizes, plan.wanted.get(l + 1), params.at(l)));
      }
    }
  }

  /// What the heads read.
  ///
  /// @param first level 0
  /// @param penalty is given a term for every attention, where there are any
  Map<Part, Var> forward(
      Map<Part, Var> first, Block.Context context, Mode mode, Consumer<Var> penalty) {
    Map<Part, Var> level = first;
    for (int l = 0; l < plan.config.blocks; l++) {
      Block block = blocks.get(Math.min(l, blocks.size() - 1));
      Set<Part> next = plan.wanted.get(l + 1);
      level =
          plan.config.checkpoint
              ? again(block, level, next, context, mode)
              : block.forward(level, next, context, mode, penalty); //     level l + 1
    }
    return level;
  }

  /// A block of which what enters it is kept, and nothing else. A checkpoint has one result: the parts one behind the other, all of
  /// them `[B, …, d]`.
  private static Map<Part, Var> again(
      Block block, Map<Part, Var> level, Set<Part> next, Block.Context context, Mode mode) {
    List<Part> in = List.copyOf(level.keySet());
    List<Part> out = List.copyOf(EnumSet.copyOf(next)); //                 in the order of Part
    List<Var> inputs = in.stream().map(part -> Block.present(level, part)).toList();
    int[] sizes = new int[out.size()];
    Var all =
        mode.tape()
            .checkpoint(
                mode,
                inputs,
                (inside, values) -> {
                  Map<Part, Var> same = new EnumMap<>(Part.class);
                  for (int i = 0; i < in.size(); i++) {
                    same.put(in.get(i), values.get(i));
                  }
                  Map<Part, Var> found = block.forward(same, next, context, inside, _ -> {});
                  List<Var> parts = new ArrayList<>();
                  for (int i = 0; i < sizes.length; i++) {
                    Var part = Block.present(found, out.get(i));
                    sizes[i] = part.size(1);
                    parts.add(part);
                  }
                  return Var.concat(1, parts);
                });
    List<Var> parts = all.split(1, sizes);
    Map<Part, Var> found = new EnumMap<>(Part.class);
    for (int i = 0; i < sizes.length; i++) {
      found.put(out.get(i), parts.get(i));
    }
    return found;
  }
}
