// SPDX-License-Identifier: Apache-2.0
package org.gradus.tensor;

import org.jspecify.annotations.Nullable;

/// Recurrent layers, fused over all steps of a batch of sequences.
///
/// The products of the inputs, x W + b of every step, are one ordinary product made before: what comes in is
/// `projected`. Rows of a batch do not depend on each other. A row with length L is left alone after L steps: its state
/// stays as it is, nothing behind is read, and the gradient there is exactly 0.
public interface RecurrentKernels {
  /// The sizes of a batch of sequences.
  ///
  /// @param batch B, rows
  /// @param time T, steps
  /// @param width H, numbers in a state
  record Size(int batch, int time, int width) {
    /// Numbers in one block of `projected`: B · T · H.
    public int states() {
      return numbers(width);
    }

    /// Numbers in blocks that hold `each` for every step of every row: B · T · each.
    ///
    /// @throws IllegalArgumentException when they are more than an array holds
    public int numbers(long each) {
      return numbers(batch, each);
    }

    /// The same for another number of rows, to which a device may have filled them up.
    public int numbers(long rows, long each) {
      // each factor is below 2³¹, so that two of them make a long
      long steps = rows * time;
      if (steps > 0 && each > Integer.MAX_VALUE / steps) {
        throw new IllegalArgumentException(
            "recurrent: batch "
                + batch
                + ", "
                + time
                + " steps, width "
                + width
                + ": a layer would keep more than "
                + Integer.MAX_VALUE
                + " numbers. Expected a smaller batch, or shorter sequences.");
      }
      return (int) (steps * each);
    }
  }

  /// What both kinds of layer read.
  ///
  /// @param projected x W + b, `[B, T, 3H]` for a GRU, `[B, T, 4H]` for an LSTM
  /// @param u recurrent weights, `[H, 3H]` or `[H, 4H]`
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param lengths of the rows, 0 … T, `[B]`; null when every row has T steps
  record Sequences(
      Buffer projected, Buffer u, @Nullable Buffer initial, @Nullable Buffer lengths, Size size) {}

  /// Where the reset gate of a GRU acts.
  enum Reset {
    /// On the state: n = tanh(xW + (r ∘ h) U + b) (Cho 2014, Chung 2014).
    BEFORE,
    /// On the product: n = tanh(xW + r ∘ (h U + b′) + b) (DIEN, cuDNN).
    AFTER
  }

  /// w, how much of the candidate a new state of a GRU takes: h′ = (1 − w) ∘ h + w ∘ n, w = offset + slope · u. With
  /// attention α, one number per row and step, offset and slope depend on it.
  enum Mixing {
    /// w = u (Chung 2014, DIEN)
    UPDATE,
    /// w = 1 − u (Cho 2014, cuDNN)
    KEEP,
    /// w = α: AGRU; the update gate does nothing
    ATTENTION,
    /// w = α u: AUGRU
    ATTENTION_UPDATE,
    /// w = α + (1 − α) u: AUGRU as in the code that its authors published, which scales the gate that keeps
    ATTENTION_KEEP;

    /// Whether it takes attention.
    public boolean attends() {
      return this != UPDATE && this != KEEP;
    }

    /// The part of w that the update gate does not touch.
    public double offset(double attention) {
      return switch (this) {
        case UPDATE, ATTENTION_UPDATE -> 0;
        case KEEP -> 1;
        case ATTENTION, ATTENTION_KEEP -> attention;
      };
    }

    /// What the update gate is multiplied by.
    public double slope(double attention) {
      return switch (this) {
        case UPDATE -> 1;
        case KEEP -> -1;
        case ATTENTION -> 0;
        case ATTENTION_UPDATE -> attention;
        case ATTENTION_KEEP -> 1 - attention;
      };
    }

    /// ∂offset/∂α
    public int offsetByAttention() {
      return this == ATTENTION || this == ATTENTION_KEEP ? 1 : 0;
    }

    /// ∂slope/∂α
    public int slopeByAttention() {
      return switch (this) {
        case UPDATE, KEEP, ATTENTION -> 0;
        case ATTENTION_UPDATE -> 1;
        case ATTENTION_KEEP -> -1;
      };
    }
  }

  /// What makes one GRU differ from another.
  ///
  /// @param candidateBias b′ `[H]`, added to the recurrent product of the candidate under [Reset#AFTER]; null for zeros
  /// @param attention α `[B, T]`, where the mixing takes it
  record Gru(
      Reset reset, Mixing mixing, @Nullable Buffer candidateBias, @Nullable Buffer attention) {}

  /// Numbers that [#gru] keeps for its derivative, in an order of the device's own.
  int gruKept(Size size);

  /// The states of a GRU; blocks of H columns in the order u, r, n.
  ///
  /// ```
  /// u = σ(p_u + h U_u),  r = σ(p_r + h U_r)
  /// n = tanh(p_n + r ∘ (h U_n + b′)),  or tanh(p_n + (r ∘ h) U_n)
  /// h′ = (1 − w) ∘ h + w ∘ n
  /// ```
  ///
  /// @param y the states after every step, `[B, T, H]`
  /// @param kept of [#gruKept] numbers
  void gru(Buffer y, Buffer kept, Sequences x, Gru gru);

  /// Gradients of a GRU.
  ///
  /// @param projected `[B, T, 3H]`
  /// @param u `[H, 3H]`
  /// @param initial `[B, H]`; null when nobody asks
  /// @param candidateBias `[H]`; null when there is none
  /// @param attention `[B, T]`; null when there is none
  record GruGradients(
      Buffer projected,
      Buffer u,
      @Nullable Buffer initial,
      @Nullable Buffer candidateBias,
      @Nullable Buffer attention) {}

  /// The derivative of [#gru], from the last step to the first.
  void gruBackward(GruGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x, Gru gru);

  /// Numbers that [#lstm] keeps for its derivative, in an order of the device's own.
  int lstmKept(Size size);

  /// The states of an LSTM; blocks of H columns in the order i, f, g, o.
  ///
  /// ```
  /// i = σ(p_i + h U_i),  f = σ(p_f + h U_f),  g = tanh(p_g + h U_g),  o = σ(p_o + h U_o)
  /// c′ = f ∘ c + i ∘ g,  h′ = o ∘ tanh(c′)
  /// ```
  ///
  /// @param y `[B, T + 1, H]`: the states after every step, and then the last cell
  /// @param kept of [#lstmKept] numbers
  /// @param cell c₀ `[B, H]`; null for zeros
  void lstm(Buffer y, Buffer kept, Sequences x, @Nullable Buffer cell);

  /// Gradients of an LSTM.
  ///
  /// @param projected `[B, T, 4H]`
  /// @param u `[H, 4H]`
  /// @param initial `[B, H]`; null when nobody asks
  /// @param cell `[B, H]`; null when nobody asks
  record LstmGradients(
      Buffer projected, Buffer u, @Nullable Buffer initial, @Nullable Buffer cell) {}

  /// The derivative of [#lstm], from the last step to the first.
  void lstmBackward(LstmGradients to, Buffer dy, Buffer y, Buffer kept, Sequences x);
}
