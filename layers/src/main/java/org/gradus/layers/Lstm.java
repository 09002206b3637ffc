// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent;
import org.gradus.autograd.Recurrent.LstmInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **Long short-term memory** — Hochreiter, Schmidhuber, Neural Computation 1997, with the forget gate of Gers, Schmidhuber,
/// Cummins (2000) and, if asked for, the peepholes p of Gers, Schmidhuber (2000).
///
/// ```
/// i = σ(x W_i + h U_i + c ∘ p_i + b_i)       (LSTM-1)
/// f = σ(x W_f + h U_f + c ∘ p_f + b_f)       (LSTM-2)
/// g = tanh(x W_g + h U_g + b_g)              (LSTM-3)
/// c′ = f ∘ c + i ∘ g                         (LSTM-4)
/// o = σ(x W_o + h U_o + c′ ∘ p_o + b_o)      (LSTM-5)
/// h′ = o ∘ tanh(c′)                          (LSTM-6)
/// ```
///
/// Blocks stand in the order i, f, g, o. [GateWeights] takes weights from other libraries and to them.
///
/// All steps are one kernel. It knows neither peepholes nor dropout of the state: with these [#cell] is unrolled.
public final class Lstm {
  /// How the biases start.
  public enum BiasInit {
    /// 0, but 1 for the forget gate (Jozefowicz, Zaremba, Sutskever 2015): the default of this library.
    ZERO_FORGET_ONE,
    /// 0.
    ZERO,
    /// 1 for every gate and the candidate: not the advice about the forget gate, for which it is often taken.
    ONE;

    private Initializer of(int width) {
      return switch (this) {
        case ZERO -> Initializers.zeros();
        case ONE -> Initializers.constant(1);
        case ZERO_FORGET_ONE ->
            (values, _, _, _) -> {
              Arrays.fill(values, 0f);
              Arrays.fill(values, width, 2 * width, 1f);
            };
      };
    }
  }

  /// From which end a row is read, and where its states stand.
  public enum Order {
    /// From the first step on.
    FORWARD,
    /// From the last real step back; the state after step t stands at t.
    BACKWARD,
    /// From the last real step back; the state made first stands first.
    PROCESSING
  }

  /// What a user may set.
  ///
  /// @param biasInit how the biases start
  /// @param peephole whether the gates see the cell
  /// @param inputDropout share of the numbers of a step that training drops
  /// @param recurrentDropout share of the numbers of h that training drops before the product with U, in all four gates alike.
  ///     What is dropped, of input or state, is drawn once per sequence and the same at all its steps (Gal, Ghahramani 2016)
  /// @param order from which end a row is read
  public record Config(
      BiasInit biasInit,
      boolean peephole,
      double inputDropout,
      double recurrentDropout,
      Order order) {
    /// No peepholes, no dropout, forward.
    public static final Config PLAIN =
        new Config(BiasInit.ZERO_FORGET_ONE, false, 0, 0, Order.FORWARD);

    /// This with other biases.
    public Config withBiasInit(BiasInit other) {
      return new Config(other, peephole, inputDropout, recurrentDropout, order);
    }

    /// This with peepholes, or without.
    public Config withPeephole(boolean other) {
      return new Config(biasInit, other, inputDropout, recurrentDropout, order);
    }

    /// This with dropout of input and state.
    public Config withDropout(double input, double recurrent) {
      return new Config(biasInit, peephole, input, recurrent, order);
    }

    /// This from another end.
    public Config withOrder(Order other) {
      return new Config(biasInit, peephole, inputDropout, recurrentDropout, other);
    }
  }

  private final int width;
  private final Config config;
  private final DenseParameter weight; //               W [D, 4H]
  private final DenseParameter recurrent; //            U [H, 4H]
  private final DenseParameter bias; //                 b [4H]
  private final @Nullable DenseParameter peephole; //   p [3, H], of i, f, o
  private final Dropout inputDropout;
  private final Dropout recurrentDropout;

  /// State and cell after a step, each `[B, H]`.
  public record Memory(Var h, Var c) {}

  /// What the layer found on a batch of sequences.
  ///
  /// @param states after every step
  /// @param lastCell of every row, `[B, H]`; of a row without steps the initial one
  public record Found(States states, Var lastCell) {
    /// The last state and cell of every row.
    public Memory last() {
      return new Memory(states.last(), lastCell);
    }
  }

  /// `weight`, uniform as by Glorot and Bengio for each block, `recurrent`, orthogonal for each block, `bias` and, where the
  /// config has it, `peephole`, 0, under `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state
  public Lstm(int in, int width, Config config, Params params) {
    if (in < 1 || width < 1) {
      throw new IllegalArgumentException(
          params.path() + ": LSTM from " + in + " to " + width + ". Expected at least 1 each.");
    }
    this.width = width;
    this.config = config;
    this.weight =
        params.weight(
            "weight",
            Shape.of(in, 4 * width),
            Initializers.uniform(StrictMath.sqrt(6.0 / (in + width))));
    this.recurrent =
        params.weight("recurrent", Shape.of(width, 4 * width), Initializers.orthogonalBlocks());
    this.bias =
        params.dense("bias", Shape.of(4 * width), Parameter.Role.BIAS, config.biasInit.of(width));
    this.peephole =
        config.peephole
            ? params.weight("peephole", Shape.of(3, width), Initializers.zeros())
            : null;
    this.inputDropout = new Dropout(config.inputDropout, params.at("inputDropout"));
    this.recurrentDropout = new Dropout(config.recurrentDropout, params.at("recurrentDropout"));
  }

  /// A layer without peepholes and dropout.
  public Lstm(int in, int width, BiasInit init, Params params) {
    this(in, width, Config.PLAIN.withBiasInit(init), params);
  }

  /// Rows of T steps from zeros.
  ///
  /// @param x `[B, T, D]`
  public Found forward(Var x) {
    return forward(x, LstmInputs.NONE);
  }

  /// As below, for a layer without dropout.
  public Found forward(Var x, LstmInputs more) {
    if (config.inputDropout > 0 || config.recurrentDropout > 0) {
      throw new IllegalArgumentException(
          "lstm: dropout, and no mode. Expected forward(x, more, mode), which says whether this is"
              + " training.");
    }
    return forward(x, more, Mode.evaluation(x.tape()));
  }

  /// The states of a batch of sequences.
  ///
  /// @param x `[B, T, D]`
  /// @param more initial state and cell, and the lengths of the rows: what lies behind changes nothing
  public Found forward(Var x, LstmInputs more, Mode mode) {
    Tape tape = x.tape();
    int batch = x.size(0);
    int time = x.size(1);
    boolean turned = config.order != Order.FORWARD;
    TimeReversal reversal =
        turned ? new TimeReversal(tape.scope(), batch, time, more.lengths()) : null;
    Var in = reversal == null ? x : reversal.apply(x);
    Var kept = inputDropout.factors(Shape.of(batch, 1, x.size(2)), mode);
    Var used = kept == null ? in : in.multiply(kept);
    Var projected =
        used.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY); // [B, T, 4H]
    Var ofState = recurrentDropout.factors(Shape.of(batch, width), mode); //               [B, H]
    boolean fused = peephole == null && ofState == null;
    Ran ran = fused ? fused(projected, more) : unrolled(projected, more, ofState);
    TimeReversal back = config.order == Order.BACKWARD ? reversal : null;
    return new Found(new States(ran.states, time, more.lengths(), back), ran.lastCell);
  }

  /// States in the order in which they were made, and the last cells.
  private record Ran(Var states, Var lastCell) {}

  private Ran fused(Var projected, LstmInputs more) {
    Var all = Recurrent.lstm(projected, projected.tape().use(recurrent), more); // [B, T + 1, H]
    return new Ran(all, all.index(1, projected.size(1)));
  }

  private Ran unrolled(Var projected, LstmInputs more, @Nullable Var ofState) {
    Shape steps = Shape.of(projected.size(0), projected.size(1));
    StepMask real = StepMask.ofLengths("lstm", projected.tape().scope(), steps, more.lengths());
    Shape shape = Shape.of(projected.size(0), width);
    Memory m =
        new Memory(start(projected, more.initial(), shape), start(projected, more.cell(), shape));
    List<Var> states = new ArrayList<>();
    for (int t = 0; t < projected.size(1); t++) {
      Memory next = step(projected.index(1, t), m, ofState);
      m = new Memory(real.choose(t, next.h, m.h), real.choose(t, next.c, m.c));
      states.add(m.h);
    }
    return new Ran(Var.stack(1, states), m.c);
  }

  private static Var start(Var x, @Nullable Var given, Shape shape) {
    if (given == null) {
      return x.tape().constant(shape, x.tape().scope().doubles(shape.elements()));
    }
    if (!given.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "lstm: initial state or cell " + given.shape() + ". Expected " + shape + ".");
    }
    return given;
  }

  /// One step, without dropout.
  ///
  /// @param x `[B, D]`
  public Memory cell(Var x, Memory before) {
    Tape tape = x.tape();
    return step(x.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY), before, null);
  }

  /// @param xw x W + b `[B, 4H]`
  /// @param factors of h `[B, H]`; null for 1
  private Memory step(Var xw, Memory before, @Nullable Var factors) {
    Var h = factors == null ? before.h : before.h.multiply(factors);
    Var a = xw.add(h.matmul(xw.tape().use(recurrent))); //                       [B, 4H]
    Var i = peeping(block(a, 0), before.c, 0).sigmoid(); //                      [B, H] (LSTM-1)
    Var f = peeping(block(a, 1), before.c, 1).sigmoid(); //                      [B, H] (LSTM-2)
    Var g = block(a, 2).tanh(); //                                               [B, H] (LSTM-3)
    Var c = f.multiply(before.c).add(i.multiply(g)); //                          [B, H] (LSTM-4)
    Var o = peeping(block(a, 3), c, 2).sigmoid(); //                             [B, H] (LSTM-5)
    return new Memory(o.multiply(c.tanh()), c); //                               (LSTM-6)
  }

  private Var block(Var x, int i) {
    return x.slice(1, i * width, (i + 1) * width);
  }

  private Var peeping(Var a, Var c, int gate) {
    return peephole == null ? a : a.add(c.multiply(a.tape().use(peephole).index(0, gate)));
  }

  /// The weights, for another library; all biases in one vector. Peepholes stay.
  public GateWeights weights() {
    return GateWeights.of(weight, recurrent, bias, null);
  }

  /// Takes weights over; biases of input and state are added. Peepholes stay.
  public void load(GateWeights from) {
    from.writeTo(weight, recurrent);
    bias.write(from.biases());
  }
}
