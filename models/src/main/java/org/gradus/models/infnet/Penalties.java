// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Var;
import org.gradus.layers.SequencePooling;
import org.gradus.models.Outputs;
import org.jspecify.annotations.Nullable;

/// Further losses, in training only; none has a part in the paper. A factor of 0 is no loss.
///
/// @param entropy λ of the mean entropy of attention (IN-20), where [Sparsity] penalises it
/// @param mutualInformation λ of (IN-22), over proxies that depend on the example
/// @param proxyL2 λ of 1/B Σ‖X̃‖² over the proxies of fields and behaviours
public record Penalties(double entropy, double mutualInformation, double proxyL2) {
  /// None.
  public static final Penalties NONE = new Penalties(0, 0, 0);

  /// Checks the signs.
  public Penalties {
    if (!(entropy >= 0 && mutualInformation >= 0 && proxyL2 >= 0)) {
      throw new IllegalArgumentException(
          "infnet: factors "
              + entropy
              + ", "
              + mutualInformation
              + " and "
              + proxyL2
              + " of losses. Expected none below 0.");
    }
  }

  /// Whether proxies are read here though no block reads them.
  boolean readProxies() {
    return mutualInformation > 0 || proxyL2 > 0;
  }

  /// Which of them: a learned proxy, the same for all examples, informs of none.
  ///
  /// @param generated whether the proxies of a group depend on the example
  boolean reads(boolean generated) {
    return proxyL2 > 0 || (mutualInformation > 0 && generated);
  }

  /// A group before the first block.
  ///
  /// @param proxies X̃ `[B, ñ, d]`, or `[1, ñ, d]` where they do not depend on the example
  /// @param mean of its real tokens, `[B, d]`
  /// @param generated whether the proxies depend on the example
  private record Group(Var proxies, Var mean, boolean generated) {}

  /// Outputs with the losses.
  ///
  /// @param entropies of every attention, each `[]`
  /// @param level what the first block reads
  /// @param looked the behaviours, if there are any
  Outputs add(
      Outputs outputs,
      List<Var> entropies,
      Map<Part, Var> level,
      Behaviours.@Nullable Looked looked,
      Infnet.Proxies config) {
    Outputs all = outputs;
    List<Group> groups = readProxies() ? groups(level, looked, config) : List.of();
    if (entropy > 0 && !entropies.isEmpty()) {
      all = all.withLoss("entropy", Var.stack(0, entropies).mean().multiply(entropy)); // (IN-20)
    }
    if (mutualInformation > 0) {
      List<Var> terms = new ArrayList<>();
      for (Group group : groups) {
        if (group.generated) {
          terms.add(MutualInformation.loss(group.proxies.mean(1), group.mean)); //        (IN-22)
        }
      }
      all = with(all, "mutualInformation", terms, mutualInformation);
    }
    if (proxyL2 > 0) {
      List<Var> terms = new ArrayList<>();
      for (Group group : groups) {
        Var x = group.proxies;
        terms.add(x.square().sum().multiply(1.0 / x.size(0)));
      }
      all = with(all, "proxyL2", terms, proxyL2);
    }
    return all;
  }

  private static Outputs with(Outputs outputs, String name, List<Var> terms, double factor) {
    return terms.isEmpty()
        ? outputs
        : outputs.withLoss(name, Var.stack(0, terms).sum().multiply(factor));
  }

  /// The groups of a level, those of which there are proxies.
  private static List<Group> groups(
      Map<Part, Var> level, Behaviours.@Nullable Looked looked, Infnet.Proxies config) {
    List<Group> groups = new ArrayList<>();
    Var c = level.get(Part.C_PROXIES);
    if (c != null) {
      Var mean = Block.present(level, Part.C).mean(1);
      groups.add(new Group(c, mean, config.fields().source().generates()));
    }
    Var s = level.get(Part.S_PROXIES);
    if (s != null && looked != null) {
      Var mean = SequencePooling.mean(looked.tokens(), looked.mask());
      groups.add(new Group(s, mean, config.sequences().source() != SequenceProxies.Source.LEARNED));
    }
    return groups;
  }
}
