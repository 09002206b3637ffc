// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// **Long short-term memory** — Hochreiter, Schmidhuber, Neural Computation 1997, with the forget gate of Gers, Schmidhuber,
/// Cummins (2000).
///
/// ```
/// i = σ(x W_i + h U_i + b_i)                 (LSTM-1)
/// f = σ(x W_f + h U_f + b_f)                 (LSTM-2)
/// g = tanh(x W_g + h U_g + b_g)              (LSTM-3)
/// c′ = f ∘ c + i ∘ g                         (LSTM-4)
/// o = σ(x W_o + h U_o + b_o)                 (LSTM-5)
/// h′ = o ∘ tanh(c′)                          (LSTM-6)
/// ```
///
/// Blocks stand in the order i, f, g, o, which is PyTorch's; its weights are the transposes, and its two biases are added.
/// There are no peepholes.
public final class Lstm {
  /// How the biases start.
  public enum BiasInit {
    /// 0, but 1 for the forget gate (Jozefowicz, Zaremba, Sutskever 2015): the default of this library.
    ZERO_FORGET_ONE,
    /// 0.
    ZERO;

    private Initializer of(int width) {
      return switch (this) {
        case ZERO -> Initializers.zeros();
        case ZERO_FORGET_ONE ->
            (values, _, _, _) -> {
              Arrays.fill(values, 0f);
              Arrays.fill(values, width, 2 * width, 1f);
            };
      };
    }
  }

  private final int width;
  private final DenseParameter weight; //    W [D, 4H]
  private final DenseParameter recurrent; // U [H, 4H]
  private final DenseParameter bias; //      b [4H]

  /// State and cell after a step, each `[B, H]`.
  public record Memory(Var h, Var c) {}

  /// What the layer found on a batch of sequences.
  ///
  /// @param states after every step
  /// @param lastCell of every row, `[B, H]`; of a row without steps the initial one
  public record Found(States states, Var lastCell) {}

  /// `weight`, uniform as by Glorot and Bengio for each block, `recurrent`, orthogonal for each block, and `bias`, under
  /// `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state
  public Lstm(int in, int width, BiasInit init, Params params) {
    if (in < 1 || width < 1) {
      throw new IllegalArgumentException(
          params.path() + ": LSTM from " + in + " to " + width + ". Expected at least 1 each.");
    }
    this.width = width;
    this.weight =
        params.weight(
            "weight",
            Shape.of(in, 4 * width),
            Initializers.uniform(StrictMath.sqrt(6.0 / (in + width))));
    this.recurrent =
        params.weight("recurrent", Shape.of(width, 4 * width), Initializers.orthogonalBlocks());
    this.bias = params.dense("bias", Shape.of(4 * width), Parameter.Role.BIAS, init.of(width));
  }

  /// Rows of T steps from zeros.
  ///
  /// @param x `[B, T, D]`
  public Found forward(Var x) {
    return forward(x, LstmInputs.NONE);
  }

  /// All steps in one operation; equal to [#cell] step by step.
  ///
  /// @param x `[B, T, D]`
  /// @param more initial state and cell, and the lengths of the rows: what lies behind changes nothing
  public Found forward(Var x, LstmInputs more) {
    Tape tape = x.tape();
    Tensor lengths = more.lengths();
    int time = x.size(1);
    Var projected = x.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY); //  [B, T, 4H]
    Var all = Recurrent.lstm(projected, tape.use(recurrent), more); //       [B, T + 1, H]
    return new Found(new States(all, time, lengths), all.index(1, time));
  }

  /// One step.
  ///
  /// @param x `[B, D]`
  public Memory cell(Var x, Memory before) {
    Tape tape = x.tape();
    Var a =
        x.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY)
            .add(before.h.matmul(tape.use(recurrent))); //                       [B, 4H]
    Var i = block(a, 0).sigmoid(); //                                            [B, H] (LSTM-1)
    Var f = block(a, 1).sigmoid(); //                                            [B, H] (LSTM-2)
    Var g = block(a, 2).tanh(); //                                               [B, H] (LSTM-3)
    Var c = f.multiply(before.c).add(i.multiply(g)); //                          [B, H] (LSTM-4)
    Var o = block(a, 3).sigmoid(); //                                            [B, H] (LSTM-5)
    return new Memory(o.multiply(c.tanh()), c); //                               (LSTM-6)
  }

  private Var block(Var x, int i) {
    return x.slice(1, i * width, (i + 1) * width);
  }
}
