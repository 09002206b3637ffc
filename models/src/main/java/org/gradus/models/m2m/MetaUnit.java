// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializer;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Parameter;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;

/// A small network of K layers, all of width n, whose weights a sample's scenario says:
///
/// ```
/// W^(i−1) = reshape(S̃ V_w + v_w)                               (META-5)
/// b^(i−1) = S̃ V_b + v_b                                        (META-6)
/// h^(i)   = σ(h^(i−1) W^(i−1) + b^(i−1)),  i = 1 … K            (META-7)
/// ```
///
/// They are said once for a sample, and serve as many vectors of it as there are. Element (r, c) of W is number r n + c.
public final class MetaUnit {
  private final List<Generator> weights = new ArrayList<>(); // W^(i)
  private final List<Generator> biases = new ArrayList<>(); //  b^(i)
  private final Nonlinearity sigma;
  private final int width;

  /// How W begins.
  public enum Start {
    /// as any layer's output
    GLOROT,
    /// near the identity: v_w is it, and V_w a tenth of what it would be
    IDENTITY
  }

  /// What a user may set.
  ///
  /// @param depth K
  /// @param start how W begins
  public record Config(int depth, Start start) {
    /// Checks the range.
    public Config {
      if (depth < 1) {
        throw new IllegalArgumentException("m2m: metaDepth " + depth + ". Expected at least 1.");
      }
    }
  }

  /// V and v.
  private record Generator(DenseParameter weight, DenseParameter bias) {
    /// S̃ V + v
    Var of(Var s) {
      Tape tape = s.tape();
      return s.linear(tape.use(weight), tape.use(bias), Activation.IDENTITY);
    }
  }

  /// `<i>/weight/…` and `<i>/bias/…` under `params`.
  ///
  /// @param scenario d_s, width of S̃
  /// @param width n
  MetaUnit(int scenario, int width, Config config, Nonlinearity sigma, Params params) {
    this.width = width;
    this.sigma = sigma;
    Initializer glorot = Initializers.xavierUniform();
    boolean identity = config.start == Start.IDENTITY;
    for (int i = 0; i < config.depth; i++) {
      Params w = params.at(i).at("weight");
      int square = width * width;
      weights.add(
          new Generator(
              w.weight(
                  "weight",
                  Shape.of(scenario, square),
                  identity ? Initializers.scaled(0.1, glorot) : glorot),
              w.dense(
                  "bias",
                  Shape.of(square),
                  Parameter.Role.BIAS,
                  identity ? Initializers.identity(width) : Initializers.zeros())));
      Params b = params.at(i).at("bias");
      biases.add(
          new Generator(
              b.weight("weight", Shape.of(scenario, width), glorot),
              b.bias("bias", Shape.of(width))));
    }
  }

  /// What the scenarios of a batch say.
  ///
  /// @param weights W^(i) `[B, n, n]`
  /// @param biases b^(i) `[B, 1, n]`
  record Said(List<Var> weights, List<Var> biases, Nonlinearity sigma) {
    /// h `[B, q, n]`, q vectors of each sample → `[B, q, n]`.
    Var forward(Var h) {
      Var x = h;
      for (int i = 0; i < weights.size(); i++) {
        x = sigma.of(x.matmul(weights.get(i)).add(biases.get(i))); // [B, q, n]  (META-7)
      }
      return x;
    }
  }

  /// The layers of every sample.
  ///
  /// @param s S̃ `[B, d_s]`
  Said of(Var s) {
    List<Var> w = new ArrayList<>();
    List<Var> b = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      w.add(weights.get(i).of(s).reshape(s.size(0), width, width)); // [B, n, n]  (META-5)
      b.add(biases.get(i).of(s).unsqueeze(1)); //                     [B, 1, n]  (META-6)
    }
    return new Said(w, b, sigma);
  }
}
