// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.Dropout;
import org.gradus.layers.Linear;
import org.gradus.layers.Mlp;

/// A task's tower, whose units are scaled on their way:
///
/// ```
/// O^(l)   = δ^(l) ⊙ H^(l),   H^(l+1) = f(O^(l) W^(l) + b^(l))            (PEP-6)
/// ```
///
/// H^(1) is the representation. Whether it has a gate is what sets [Position#BEFORE] and [Position#AFTER] apart; a layer's units have
/// one either way, and dropout comes behind it.
public final class GatedTower {
  private final List<Linear> layers = new ArrayList<>();
  private final List<Dropout> dropouts = new ArrayList<>(); // one per layer
  private final Linear out;

  /// What the gates scale.
  public enum Position {
    /// the input of every layer: the representation, and the units of each layer below the next
    BEFORE,
    /// the units of every layer
    AFTER;

    /// Widths of the gates.
    ///
    /// @param in width of the representation
    /// @param hidden sizes of the layers
    List<Integer> widths(int in, List<Integer> hidden) {
      List<Integer> widths = new ArrayList<>();
      if (this == BEFORE) {
        widths.add(in);
      }
      widths.addAll(hidden);
      return widths;
    }
  }

  /// Layers `<l>` and `out` under `params`, as a tower without gates has them.
  GatedTower(int in, List<Integer> hidden, Mlp.Style style, Params params) {
    int width = in;
    for (int l = 0; l < hidden.size(); l++) {
      layers.add(new Linear(width, hidden.get(l), style.activation(), style.init(), params.at(l)));
      dropouts.add(new Dropout(style.dropout(), params.at(l)));
      width = hidden.get(l);
    }
    out = new Linear(width, 1, params.at("out"));
  }

  /// h `[B, in]` → z `[B]`.
  ///
  /// @param gates one per layer, behind one of the representation if it has any; empty for none at all
  Var forward(Var h, List<Var> gates, Mode mode) {
    int first = gates.size() - layers.size(); // 1 where the representation has a gate
    Var units = first == 1 ? gates.getFirst().multiply(h) : h; //        [B, in]
    for (int l = 0; l < layers.size(); l++) {
      units = layers.get(l).forward(units); //                           [B, n]
      if (!gates.isEmpty()) {
        units = gates.get(first + l).multiply(units); //                 [B, n]  (PEP-6)
      }
      units = dropouts.get(l).forward(units, mode); //                   [B, n]
    }
    return out.forward(units).squeeze(1); //                             [B]
  }
}
