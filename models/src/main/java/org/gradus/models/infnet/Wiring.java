// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Who asks whom in a block, and what of a level is needed for what of the next.
///
/// Nobody is asked in vain: the heads read the tokens of tasks alone, so that in the last block neither fields and behaviours nor
/// their proxies have to move on, and with [Block.Gating#INPUT] not in the block before it either. What is not needed is not computed and
/// has no parameters.
///
/// @param present parts that there are: without behaviours no S, without task tokens no T
/// @param heterogeneous whether proxies and task tokens ask other groups
/// @param homogeneous whether proxies gate their own group
/// @param gating which proxies do
record Wiring(Set<Part> present, boolean heterogeneous, boolean homogeneous, Block.Gating gating) {

  /// What the heads read: the tokens of tasks, or, where there are none, all proxies.
  Set<Part> heads() {
    return present.contains(Part.T) ? EnumSet.of(Part.T) : proxies();
  }

  /// C̃ and S̃, as far as there are.
  Set<Part> proxies() {
    Set<Part> all = EnumSet.of(Part.C_PROXIES, Part.S_PROXIES);
    all.retainAll(present);
    return all;
  }

  /// The groups that a part asks; none for tokens of fields and behaviours, and where there is nobody to ask.
  List<Part> sources(Part query) {
    if (!heterogeneous) {
      return List.of();
    }
    List<Part> all =
        switch (query) {
          case C_PROXIES -> List.of(Part.S, Part.T); //         (IN-8)
          case S_PROXIES -> List.of(Part.C, Part.T); //         (IN-9)
          case T_PROXIES, T -> List.of(Part.C, Part.S); //      (IN-10), (IN-11)
          case C, S -> List.of();
        };
    return all.stream().filter(present::contains).toList();
  }

  /// The proxies that gate some tokens; none without the homogeneous flow. Without the heterogeneous one all proxies gate the tasks:
  /// nothing else would tell them of the example.
  Set<Part> gates(Part tokens) {
    if (!homogeneous || tokens.proxies() == tokens) {
      return Set.of();
    }
    Set<Part> all =
        tokens == Part.T && !heterogeneous
            ? EnumSet.of(Part.T_PROXIES, Part.C_PROXIES, Part.S_PROXIES)
            : EnumSet.of(tokens.proxies());
    all.retainAll(present);
    return all;
  }

  /// What a block computes for these parts of the next level: they themselves, and the proxies that gate them.
  Set<Part> computed(Set<Part> wanted) {
    Set<Part> all = EnumSet.copyOf(wanted);
    if (gating == Block.Gating.UPDATED) {
      wanted.forEach(part -> all.addAll(gates(part)));
    }
    return all;
  }

  /// What a block reads of its own level for these parts of the next.
  Set<Part> read(Set<Part> wanted) {
    Set<Part> all = EnumSet.noneOf(Part.class);
    for (Part part : computed(wanted)) {
      all.add(part);
      all.addAll(sources(part));
    }
    if (gating == Block.Gating.INPUT) {
      wanted.forEach(part -> all.addAll(gates(part)));
    }
    return all;
  }
}
