// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **Simple recurrent network** — Elman, Cognitive Science 1990, and the walk back through time (Werbos 1990), written out.
///
/// ```
/// a_t = x_t W + h_{t−1} U + b                                                (RNN-1)
/// ĥ_t = f(a_t)                                                               (RNN-2)
/// h_t = ĥ_t at a real step, h_{t−1} at padding                               (RNN-3)
/// δ_t = (g_t + δ_{t+1} Uᵀ) ∘ f′(a_t); padding hands the gradient on          (RNN-4)
/// dW = Σ x_tᵀ δ_t,  dU = Σ h_{t−1}ᵀ δ_t,  db = Σ δ_t,  dx_t = δ_t Wᵀ          (RNN-5)
/// ```
///
/// Training differentiates [#forward], step by step like any other operation; [#back] computes the same by (RNN-4) and
/// (RNN-5), and a test holds the two to each other. What step t has to say at the end is a product of T − t factors
/// diag(f′) Uᵀ: [#influence] measures it. Where it vanishes, h_T hardly depends on x_t, and the small gradient says so; where
/// it explodes, bound the norm of the gradient (`clipNorm` of the trainer; Pascanu, Mikolov, Bengio, ICML 2013).
public final class Rnn {
  /// f of (RNN-2).
  public enum Activation {
    /// tanh a
    TANH,
    /// max(a, 0)
    RELU,
    /// a
    IDENTITY;

    private Var of(Var a) {
      return switch (this) {
        case TANH -> a.tanh();
        case RELU -> a.relu();
        case IDENTITY -> a;
      };
    }

    /// g ∘ f′(a), from h = f(a).
    private Var back(Var g, Var h) {
      return switch (this) {
        case TANH -> g.multiply(h.square().negate().add(1));
        case RELU -> g.keepWhere(Masks.nonZero(h.tape().scope(), h.value())); // h ≥ 0
        case IDENTITY -> g;
      };
    }
  }

  /// What a user may set.
  ///
  /// @param activation f
  /// @param window τ ≥ 1: the state goes on after τ, 2τ, … steps, the gradient of a step does not go back over these places
  public record Config(Activation activation, int window) {
    /// A window that no sequence fills: the gradient goes back to the first step.
    public static final int WHOLE = Integer.MAX_VALUE;

    /// tanh, and the whole gradient.
    public static final Config PLAIN = new Config(Activation.TANH, WHOLE);

    /// Checks the window.
    public Config {
      if (window < 1) {
        throw new IllegalArgumentException(
            "rnn: window of " + window + " steps. Expected at least 1, or WHOLE.");
      }
    }
  }

  private final Config config;
  private final DenseParameter weight; //    W [D, H]
  private final DenseParameter recurrent; // U [H, H]
  private final DenseParameter bias; //      b [H]

  /// What an upstream gradient comes to, by (RNN-5).
  ///
  /// @param weight dW `[D, H]`
  /// @param recurrent dU `[H, H]`
  /// @param bias db `[H]`
  /// @param x dx `[B, T, D]`
  /// @param initial dh₀ `[B, H]`
  public record Back(Var weight, Var recurrent, Var bias, Var x, Var initial) {}

  /// `weight`, uniform as by Glorot and Bengio, `recurrent`, orthogonal, and `bias`, 0, under `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state
  public Rnn(int in, int width, Config config, Params params) {
    if (in < 1 || width < 1) {
      throw new IllegalArgumentException(
          params.path() + ": RNN from " + in + " to " + width + ". Expected at least 1 each.");
    }
    this.config = config;
    this.weight = params.weight("weight", Shape.of(in, width), Initializers.xavierUniform());
    this.recurrent =
        params.weight("recurrent", Shape.of(width, width), Initializers.orthogonalBlocks());
    this.bias = params.bias("bias", Shape.of(width));
  }

  /// Rows of T steps from a state of zeros.
  ///
  /// @param x `[B, T, D]`
  public States forward(Var x) {
    return forward(x, null, null);
  }

  /// The states of a batch of sequences.
  ///
  /// @param x `[B, T, D]`
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param mask `[B, T]`, true at real steps, wherever they stand; null when all are
  public States forward(Var x, @Nullable Var initial, @Nullable Tensor mask) {
    Tape tape = x.tape();
    Var projected =
        x.linear(tape.use(weight), tape.use(bias), MatMulKernels.Activation.IDENTITY); // [B, T, H]
    Var u = tape.use(recurrent);
    StepMask real = real(x, mask);
    Var h = start(x, initial); //                                    [B, H]
    List<Var> states = new ArrayList<>();
    for (int t = 0; t < x.size(1); t++) {
      Var before = t > 0 && t % config.window == 0 ? h.stopGradient() : h;
      Var a = projected.index(1, t).add(before.matmul(u)); //        [B, H]  (RNN-1)
      Var next = config.activation.of(a); //                         [B, H]  (RNN-2)
      h = real.choose(t, next, h); //                                [B, H]  (RNN-3)
      states.add(h);
    }
    return new States(Var.stack(1, states), x.size(1), mask);
  }

  /// Back-propagation through time, written out.
  ///
  /// @param x `[B, T, D]`
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param mask as in [#forward(Var, Var, Tensor)]
  /// @param g `[B, T, H]`, the gradients of the states of every step, [States#carried]
  public Back back(Var x, @Nullable Var initial, @Nullable Tensor mask, Var g) {
    return back(x, initial, mask, g, config.window);
  }

  private Back back(Var x, @Nullable Var initial, @Nullable Tensor mask, Var g, int window) {
    Tape tape = x.tape();
    int time = x.size(1);
    Var u = tape.use(recurrent);
    StepMask real = real(x, mask);
    Var h = forward(x, initial, mask).carried(); //                  [B, T, H]
    Var start = start(x, initial); //                                [B, H]
    Var none = tape.constant(start.shape(), tape.scope().doubles(start.shape().elements()));
    Var later = none; // what the steps behind t send back to h_t
    Var[] deltas = new Var[time];
    for (int t = time - 1; t >= 0; t--) {
      Var at = g.index(1, t).add(later); //                          [B, H]
      deltas[t] = real.keep(t, config.activation.back(at, h.index(1, t))); // (RNN-4)
      boolean cut = t > 0 && t % window == 0;
      later = real.choose(t, cut ? none : deltas[t].matmul(u, false, true), at);
    }
    Var delta = Var.stack(1, List.of(deltas)); //                    [B, T, H]
    Var before = Var.concat(1, List.of(start.unsqueeze(1), h)).slice(1, 0, time); // h_{t−1}
    Var rows = rows(delta); //                                       [B·T, H]
    return new Back( //                                              (RNN-5)
        rows(x).matmul(rows, true, false),
        rows(before).matmul(rows, true, false),
        rows.sum(0),
        delta.matmul(tape.use(weight), false, true),
        later);
  }

  /// How much step t has to say at the end: the Frobenius norm of ∂h_T/∂x_t, `[B, T]`; 0 at padding. The window does not
  /// matter: it cuts the gradient, not the influence. Costs H walks back.
  ///
  /// @param x `[B, T, D]`
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param mask as in [#forward(Var, Var, Tensor)]
  public Var influence(Var x, @Nullable Var initial, @Nullable Tensor mask) {
    int batch = x.size(0);
    int time = x.size(1);
    int width = bias.shape().size(0);
    List<Var> squares = new ArrayList<>();
    for (int j = 0; j < width; j++) {
      double[] unit = x.tape().scope().doubles(batch * time * width);
      for (int b = 0; b < batch; b++) {
        unit[((b + 1) * time - 1) * width + j] = 1; // of the j-th number of h_T
      }
      Var g = x.tape().constant(Shape.of(batch, time, width), unit);
      Var row = back(x, initial, mask, g, Config.WHOLE).x; //        [B, T, D]
      squares.add(row.square().sum(2)); //                           [B, T]
    }
    return Var.stack(0, squares).sum(0).sqrt();
  }

  private static Var rows(Var x) {
    return x.reshape(-1, x.size(2));
  }

  private static StepMask real(Var x, @Nullable Tensor mask) {
    return StepMask.ofMask("rnn", x.tape().scope(), Shape.of(x.size(0), x.size(1)), mask);
  }

  private Var start(Var x, @Nullable Var initial) {
    Shape shape = Shape.of(x.size(0), bias.shape().size(0));
    if (initial == null) {
      return x.tape().constant(shape, x.tape().scope().doubles(shape.elements()));
    }
    if (!initial.shape().equals(shape)) {
      throw new IllegalArgumentException(
          "rnn: initial state " + initial.shape() + ". Expected " + shape + ".");
    }
    return initial;
  }
}
