// SPDX-License-Identifier: Apache-2.0
package org.gradus.autograd;

import java.util.ArrayList;
import java.util.List;
import org.gradus.tensor.Buffer;
import org.gradus.tensor.Kind;
import org.gradus.tensor.RecurrentKernels;
import org.gradus.tensor.RecurrentKernels.Gru;
import org.gradus.tensor.RecurrentKernels.GruGradients;
import org.gradus.tensor.RecurrentKernels.LstmGradients;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.RecurrentKernels.Sequences;
import org.gradus.tensor.RecurrentKernels.Size;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Recurrent layers over a batch of sequences, all steps in one operation. The products of the inputs, x W + b of every
/// step, are made before, as one [Var#linear]: what comes in is `projected`.
///
/// A row of length L keeps its state from step L on: the last step of every row holds its last state, whatever the
/// padding, and a row of length 0 its initial one.
public final class Recurrent {
  private Recurrent() {}

  /// What a GRU may be given besides.
  ///
  /// @param candidateBias b′ `[H]`, added to the recurrent product of the candidate; with [Reset#AFTER] only
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param attention α `[B, T]`, where the mixing takes it
  /// @param lengths `INT [B]`, each 0 … T; null when every row has T steps
  public record GruInputs(
      @Nullable Var candidateBias,
      @Nullable Var initial,
      @Nullable Var attention,
      @Nullable Tensor lengths) {
    /// Nothing: a GRU from zeros, with rows of T steps.
    public static final GruInputs NONE = new GruInputs(null, null, null, null);
  }

  /// What an LSTM may be given besides.
  ///
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param cell c₀ `[B, H]`; null for zeros
  /// @param lengths `INT [B]`, each 0 … T; null when every row has T steps
  public record LstmInputs(@Nullable Var initial, @Nullable Var cell, @Nullable Tensor lengths) {
    /// Nothing: an LSTM from zeros, with rows of T steps.
    public static final LstmInputs NONE = new LstmInputs(null, null, null);
  }

  /// h′ = (1 − w) ∘ h + w ∘ n, blocks in the order u, r, n;  δ, from the last step to the first, gives
  /// dp = δ w (1 − n²), … of every step, dU = Σ hᵀ dp, and δ = (1 − w) ∘ δ + dp Uᵀ
  ///
  /// @param projected `[B, T, 3H]`
  /// @param u `[H, 3H]`
  /// @return the states after every step, `[B, T, H]`
  public static Var gru(Var projected, Var u, Reset reset, Mixing mixing, GruInputs more) {
    Size size = size("gru", projected, u, 3, more.lengths);
    Shape state = Shape.of(size.batch(), size.width());
    expect("gru", "initial state", more.initial, state);
    expect("gru", "bias of the candidate", more.candidateBias, Shape.of(size.width()));
    expect("gru", "attention", more.attention, Shape.of(size.batch(), size.time()));
    if (mixing.attends() != (more.attention != null)) {
      throw new IllegalArgumentException(
          "gru: mixing "
              + mixing
              + (more.attention == null ? " without" : " with")
              + " attention. Expected attention for ATTENTION…, and for no other mixing.");
    }
    if (reset == Reset.BEFORE && more.candidateBias != null) {
      throw new IllegalArgumentException(
          "gru: reset BEFORE with a bias of the candidate's recurrent product. Expected none: add"
              + " it to the projection.");
    }
    Tape tape = projected.tape();
    Scope s = tape.scope();
    RecurrentKernels kernels = tape.kernels().recurrent();
    Sequences x = sequences(projected, u, more.initial, more.lengths, size);
    Gru gru = new Gru(reset, mixing, buffer(more.candidateBias), buffer(more.attention));
    Tensor y = s.real("gru", Shape.of(size.batch(), size.time(), size.width()));
    Tensor kept = s.real("gru", Shape.of(kernels.gruKept(size)));
    kernels.gru(y.buffer(), kept.buffer(), x, gru);
    Given given = new Given(projected, u);
    int initial = given.add(more.initial);
    int bias = given.add(more.candidateBias);
    int attention = given.add(more.attention);
    return tape.record(
        "gru",
        y,
        (dy, dx) -> {
          Tensor dp = s.real("gru", projected.shape());
          Tensor du = s.real("gru", u.shape());
          Tensor dInitial = blank(s, "gru", more.initial);
          Tensor dBias = blank(s, "gru", more.candidateBias);
          Tensor dAttention = blank(s, "gru", more.attention);
          GruGradients to =
              new GruGradients(
                  dp.buffer(), du.buffer(), buffer(dInitial), buffer(dBias), buffer(dAttention));
          kernels.gruBackward(to, dy.buffer(), y.buffer(), kept.buffer(), x, gru);
          dx.give(0, dp);
          dx.give(1, du);
          give(dx, initial, dInitial);
          give(dx, bias, dBias);
          give(dx, attention, dAttention);
        },
        given.inputs());
  }

  /// c′ = f ∘ c + i ∘ g, h′ = o ∘ tanh(c′), blocks in the order i, f, g, o;  δ, from the last step to the first, gives
  /// dc = dc + δ o (1 − tanh²(c′)), dp = dc g i (1 − i), … of every step, dU = Σ hᵀ dp, and δ = dp Uᵀ, dc = dc ∘ f
  ///
  /// @param projected `[B, T, 4H]`
  /// @param u `[H, 4H]`
  /// @return the states after every step, and behind them the last cell, `[B, T + 1, H]`
  public static Var lstm(Var projected, Var u, LstmInputs more) {
    Size size = size("lstm", projected, u, 4, more.lengths);
    Shape state = Shape.of(size.batch(), size.width());
    expect("lstm", "initial state", more.initial, state);
    expect("lstm", "initial cell", more.cell, state);
    Tape tape = projected.tape();
    Scope s = tape.scope();
    RecurrentKernels kernels = tape.kernels().recurrent();
    Sequences x = sequences(projected, u, more.initial, more.lengths, size);
    Tensor y = s.real("lstm", Shape.of(size.batch(), size.time() + 1, size.width()));
    Tensor kept = s.real("lstm", Shape.of(kernels.lstmKept(size)));
    kernels.lstm(y.buffer(), kept.buffer(), x, buffer(more.cell));
    Given given = new Given(projected, u);
    int initial = given.add(more.initial);
    int cell = given.add(more.cell);
    return tape.record(
        "lstm",
        y,
        (dy, dx) -> {
          Tensor dp = s.real("lstm", projected.shape());
          Tensor du = s.real("lstm", u.shape());
          Tensor dInitial = blank(s, "lstm", more.initial);
          Tensor dCell = blank(s, "lstm", more.cell);
          LstmGradients to =
              new LstmGradients(dp.buffer(), du.buffer(), buffer(dInitial), buffer(dCell));
          kernels.lstmBackward(to, dy.buffer(), y.buffer(), kept.buffer(), x);
          dx.give(0, dp);
          dx.give(1, du);
          give(dx, initial, dInitial);
          give(dx, cell, dCell);
        },
        given.inputs());
  }

  /// The inputs of an operation of which some may be missing, and where each stands among them.
  private static final class Given {
    private final List<Var> inputs;

    Given(Var... always) {
      inputs = new ArrayList<>(List.of(always));
    }

    /// The place of an input, −1 when it is missing.
    int add(@Nullable Var x) {
      if (x == null) {
        return -1;
      }
      inputs.add(x);
      return inputs.size() - 1;
    }

    Var[] inputs() {
      return inputs.toArray(new Var[0]);
    }
  }

  private static void give(Tape.Sink dx, int input, @Nullable Tensor gradient) {
    if (gradient != null) {
      dx.give(input, gradient);
    }
  }

  private static @Nullable Tensor blank(Scope s, String op, @Nullable Var like) {
    return like == null ? null : s.real(op, like.shape());
  }

  private static @Nullable Buffer buffer(@Nullable Var x) {
    return x == null ? null : x.value().buffer();
  }

  private static @Nullable Buffer buffer(@Nullable Tensor x) {
    return x == null ? null : x.buffer();
  }

  private static Sequences sequences(
      Var projected, Var u, @Nullable Var initial, @Nullable Tensor lengths, Size size) {
    return new Sequences(
        projected.value().buffer(), u.value().buffer(), buffer(initial), buffer(lengths), size);
  }

  private static Size size(String op, Var projected, Var u, int blocks, @Nullable Tensor lengths) {
    int width = u.shape().rank() == 2 ? u.size(0) : -1;
    if (width < 1
        || projected.shape().rank() != 3
        || u.size(1) != blocks * width
        || projected.size(2) != blocks * width) {
      throw new IllegalArgumentException(
          op
              + ": projected "
              + projected.shape()
              + ", recurrent weights "
              + u.shape()
              + ". Expected [B, T, "
              + blocks
              + "H] and [H, "
              + blocks
              + "H].");
    }
    Size size = new Size(projected.size(0), projected.size(1), width);
    if (lengths != null) {
      check(op, projected.tape().scope(), lengths, size);
    }
    return size;
  }

  private static void check(String op, Scope s, Tensor lengths, Size size) {
    if (lengths.kind() != Kind.INT || !lengths.shape().equals(Shape.of(size.batch()))) {
      throw new IllegalArgumentException(
          op
              + ": lengths "
              + lengths.shape()
              + " of kind "
              + lengths.kind()
              + ". Expected ["
              + size.batch()
              + "], one per row, of kind INT.");
    }
    int[] host = s.ints(lengths);
    for (int b = 0; b < host.length; b++) {
      if (host[b] < 0 || host[b] > size.time()) {
        throw new IllegalArgumentException(
            op
                + ": length "
                + host[b]
                + " of row "
                + b
                + ". Expected lengths from 0 to "
                + size.time()
                + ".");
      }
    }
  }

  private static void expect(String op, String what, @Nullable Var x, Shape shape) {
    if (x != null && !x.shape().equals(shape)) {
      throw new IllegalArgumentException(
          op + ": " + what + " " + x.shape() + ". Expected " + shape + ".");
    }
  }
}
