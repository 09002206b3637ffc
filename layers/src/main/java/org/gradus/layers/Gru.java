// SPDX-License-Identifier: Apache-2.0
package org.gradus.layers;

import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Recurrent;
import org.gradus.autograd.Recurrent.GruInputs;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.RecurrentKernels.Mixing;
import org.gradus.tensor.RecurrentKernels.Reset;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **Gated recurrent unit** — Cho et al., EMNLP 2014, [arXiv:1406.1078](https://arxiv.org/abs/1406.1078)
///
/// ```
/// u = σ(x W_u + h U_u + b_u)                        (GRU-1)
/// r = σ(x W_r + h U_r + b_r)                        (GRU-2)
/// n = tanh(x W_n + r ∘ (h U_n + b′) + b_n)          (GRU-3a), after the product
/// n = tanh(x W_n + (r ∘ h) U_n + b_n)               (GRU-3c), before the product
/// h′ = (1 − w) ∘ h + w ∘ n                          (GRU-4)
/// ```
///
/// Papers and frameworks differ in where the reset gate acts and in what w is: u in Chung et al. (2014) and DIEN, 1 − u in
/// Cho et al. and cuDNN. Negating W_u, U_u and b_u turns one into the other, since 1 − σ(a) = σ(−a). DIEN's attention
/// units take w = α (AGRU) or w = α u (AUGRU).
///
/// Blocks stand in the order u, r, n; AGRU has no block u. [GateWeights] takes weights from other libraries and to them.
public final class Gru {
  /// One of the forms in which GRUs are published.
  ///
  /// @param candidateBias whether there is a b′; with [Reset#AFTER] only
  public record Form(Reset reset, Mixing mixing, boolean candidateBias) {
    /// Cho et al. 2014; TensorFlow's `GRUCell`.
    public static final Form CHO = new Form(Reset.BEFORE, Mixing.KEEP, false);

    /// Chung, Gulcehre, Cho, Bengio 2014.
    public static final Form CHUNG = new Form(Reset.BEFORE, Mixing.UPDATE, false);

    /// Zhou et al. 2019, the extractor of interests.
    public static final Form DIEN = new Form(Reset.AFTER, Mixing.UPDATE, false);

    /// PyTorch, cuDNN, Keras since version 2.
    public static final Form PYTORCH = new Form(Reset.AFTER, Mixing.KEEP, true);

    /// This form with another mixing.
    public Form withMixing(Mixing other) {
      return new Form(reset, other, candidateBias);
    }
  }

  private final int width;
  private final Form form;
  private final DenseParameter weight; //                    W [D, 3H]
  private final DenseParameter recurrent; //                 U [H, 3H]
  private final DenseParameter bias; //                      b [3H]
  private final @Nullable DenseParameter candidateBias; //   b′ [H]

  /// `weight`, uniform as by Glorot and Bengio for each block, `recurrent`, orthogonal for each block, `bias` and, where
  /// the form has it, `candidateBias`, 0, under `params`.
  ///
  /// @param in D, numbers in a step
  /// @param width H, numbers in a state
  public Gru(int in, int width, Form form, Params params) {
    this(in, width, form, 0, params);
  }

  /// As above, with biases of the gates u and r that start at `gateBias`: 1 in TensorFlow's `GRUCell`.
  public Gru(int in, int width, Form form, double gateBias, Params params) {
    if (in < 1 || width < 1) {
      throw new IllegalArgumentException(
          params.path() + ": GRU from " + in + " to " + width + ". Expected at least 1 each.");
    }
    int columns = (form.mixing == Mixing.ATTENTION ? 2 : 3) * width;
    this.width = width;
    this.form = form;
    this.weight =
        params.weight(
            "weight",
            Shape.of(in, columns),
            Initializers.uniform(StrictMath.sqrt(6.0 / (in + width))));
    this.recurrent =
        params.weight("recurrent", Shape.of(width, columns), Initializers.orthogonalBlocks());
    this.bias =
        params.dense(
            "bias",
            Shape.of(columns),
            Parameter.Role.BIAS,
            (values, _, _, _) -> {
              Arrays.fill(values, 0f);
              Arrays.fill(values, 0, columns - width, (float) gateBias);
            });
    this.candidateBias = form.candidateBias ? params.bias("candidateBias", Shape.of(width)) : null;
  }

  /// Rows of T steps from a state of zeros.
  ///
  /// @param x `[B, T, D]`
  public States forward(Var x) {
    return forward(x, null, null, null);
  }

  /// All steps in one operation; equal to [#cell] step by step.
  ///
  /// @param x `[B, T, D]`
  /// @param initial h₀ `[B, H]`; null for zeros
  /// @param attention α `[B, T]`, where the mixing takes it
  /// @param lengths `INT [B]`, each 0 … T: what lies behind changes nothing; null when every row has T steps
  public States forward(
      Var x, @Nullable Var initial, @Nullable Var attention, @Nullable Tensor lengths) {
    Tape tape = x.tape();
    Var projected =
        x.linear(whole(tape, weight), whole(tape, bias), Activation.IDENTITY); // [B, T, 3H]
    Var ofCandidate = candidateBias == null ? null : tape.use(candidateBias);
    GruInputs more = new GruInputs(ofCandidate, initial, attention, lengths);
    Var states =
        Recurrent.gru(
            projected, whole(tape, recurrent), form.reset, form.mixing, more); // [B, T, H]
    return new States(states, x.size(1), lengths);
  }

  /// One step.
  ///
  /// @param x `[B, D]`
  /// @param h the state before, `[B, H]`
  /// @param attention α `[B]`, where the mixing takes it
  /// @return the state after, `[B, H]`
  public Var cell(Var x, Var h, @Nullable Var attention) {
    Tape tape = x.tape();
    Var xw = x.linear(whole(tape, weight), whole(tape, bias), Activation.IDENTITY); // [B, 3H]
    Var hu = h.matmul(whole(tape, recurrent)); //                                      [B, 3H]
    Var u =
        block(xw, 0).add(block(hu, 0)).sigmoid(); //                               [B, H] (GRU-1)
    Var r =
        block(xw, 1).add(block(hu, 1)).sigmoid(); //                               [B, H] (GRU-2)
    Var inner =
        switch (form.reset) {
          case AFTER ->
              candidateBias == null
                  ? r.multiply(block(hu, 2))
                  : r.multiply(block(hu, 2).add(tape.use(candidateBias))); //          (GRU-3a)
          case BEFORE -> block(r.multiply(h).matmul(whole(tape, recurrent)), 2); //    (GRU-3c)
        };
    Var n = block(xw, 2).add(inner).tanh(); //                                         [B, H]
    Var w =
        switch (form.mixing) {
          case UPDATE -> u;
          case KEEP -> u.negate().add(1);
          case ATTENTION -> column(attention).expand(h.shape());
          case ATTENTION_UPDATE -> column(attention).multiply(u);
          case ATTENTION_KEEP ->
              column(attention).add(column(attention).negate().add(1).multiply(u));
        };
    return w.negate().add(1).multiply(h).add(w.multiply(n)); //                        (GRU-4)
  }

  /// The weights, for another library.
  public GateWeights weights() {
    return GateWeights.of(weight, recurrent, bias, candidateBias);
  }

  /// Takes weights over. The biases of input and state are added, but for the candidate of a form that has b′.
  public void load(GateWeights from) {
    double[] biases = from.biases();
    int n = biases.length - from.width(); // where the candidate's begin
    double[] inner = Arrays.copyOfRange(from.recurrentBias(), n, biases.length);
    boolean lost = candidateBias == null && form.reset == Reset.AFTER;
    if (lost && Arrays.stream(inner).anyMatch(b -> b != 0)) {
      throw new IllegalArgumentException(
          weight.path()
              + ": weights with a bias inside the reset gate, and a form without. Expected a form"
              + " with candidateBias, such as Form.PYTORCH.");
    }
    from.writeTo(weight, recurrent);
    if (candidateBias != null) {
      candidateBias.write(inner);
      System.arraycopy(from.bias(), n, biases, n, width);
    }
    bias.write(biases);
  }

  private Var block(Var x, int i) {
    return x.slice(1, i * width, (i + 1) * width);
  }

  private static Var column(@Nullable Var attention) {
    if (attention == null) {
      throw new IllegalArgumentException(
          "gru: no attention. Expected one number per row, which the mixing takes.");
    }
    return attention.unsqueeze(1);
  }

  /// A parameter with zeros where AGRU has no block.
  private Var whole(Tape tape, DenseParameter parameter) {
    Var blocks = tape.use(parameter);
    if (form.mixing != Mixing.ATTENTION) {
      return blocks;
    }
    Shape missing = parameter.shape().with(-1, width);
    Var zeros = tape.constant(missing, tape.scope().doubles(missing.elements()));
    return Var.concat(missing.rank() - 1, List.of(zeros, blocks));
  }
}
