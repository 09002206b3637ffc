// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Var;
import org.gradus.layers.Lstm.Memory;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// LSTMs one above the other: the states of a layer are the steps of the next, with dropout between them.
public final class LstmStack {
  private final List<Lstm> layers = new ArrayList<>();
  private final List<Dropout> dropouts = new ArrayList<>();

  /// What a user may set.
  ///
  /// @param layers how many, at least 1
  /// @param dropout share of the numbers between two layers that training drops, drawn anew at each step
  /// @param cell what the layers have in common
  public record Config(int layers, double dropout, Lstm.Config cell) {
    /// Checks the number of layers, and that states stand where their steps stood.
    public Config {
      if (layers < 1 || (layers > 1 && cell.order() == Lstm.Order.PROCESSING)) {
        throw new IllegalArgumentException(
            "lstm stack: "
                + layers
                + " layers, order "
                + cell.order()
                + ". Expected at least 1, and order FORWARD or BACKWARD for several.");
      }
    }
  }

  /// What the stack found.
  ///
  /// @param states of the last layer
  /// @param last state and cell of every layer, the first one first: what [#forward] goes on from
  public record Found(States states, List<Memory> last) {}

  /// Layer l has the path `l` under `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state
  public LstmStack(int in, int width, Config config, Params params) {
    for (int l = 0; l < config.layers; l++) {
      layers.add(new Lstm(l == 0 ? in : width, width, config.cell, params.at(l)));
      dropouts.add(new Dropout(config.dropout, params.at(l).at("dropout")));
    }
  }

  /// The states of a batch of sequences.
  ///
  /// @param x `[B, T, D]`
  /// @param initial one per layer; null for zeros
  /// @param lengths `INT [B]`, each 0 … T; null when every row has T steps
  public Found forward(Var x, @Nullable List<Memory> initial, @Nullable Tensor lengths, Mode mode) {
    if (initial != null && initial.size() != layers.size()) {
      throw new IllegalArgumentException(
          "lstm stack: "
              + initial.size()
              + " initial memories. Expected "
              + layers.size()
              + ", one per layer.");
    }
    List<Memory> last = new ArrayList<>();
    Lstm.Found found = layer(0, x, initial, lengths, mode);
    last.add(found.last());
    for (int l = 1; l < layers.size(); l++) {
      Var below = dropouts.get(l).forward(found.states().emitted(), mode); // [B, T, H]
      found = layer(l, below, initial, lengths, mode);
      last.add(found.last());
    }
    return new Found(found.states(), List.copyOf(last));
  }

  private Lstm.Found layer(
      int l, Var x, @Nullable List<Memory> initial, @Nullable Tensor lengths, Mode mode) {
    LstmInputs more =
        initial == null
            ? new LstmInputs(null, null, lengths)
            : new LstmInputs(initial.get(l).h(), initial.get(l).c(), lengths);
    return layers.get(l).forward(x, more, mode);
  }
}
