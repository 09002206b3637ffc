// SPDX-License-Identifier: Apache-2.0
package org.gradus.tests.fusion;

import java.util.List;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Gru;
import org.gradus.layers.Lstm;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;

/// What the fused operations compute, made of single ones: [FusedOperationsTest] holds both to the same values and gradients, and the
/// benchmarks measure what fusing is worth.
public final class Compositions {
  private Compositions() {}

  /// max(x W + b, 0) as a product, a sum and an activation.
  public static Var linear(Var x, Var weight, Var bias) {
    return x.matmul(weight).add(bias).relu();
  }

  /// FM's term of pairs as sums and squares, `[B, F, D]` → `[B]`.
  public static Var pairwise(Var e) {
    return e.sum(1).square().subtract(e.square().sum(1)).sum(1).multiply(0.5);
  }

  /// DLRM's products of all pairs, (1,0), (2,0), (2,1), …: the whole matrix of products, and a choice of its places.
  public static Var dots(Var e) {
    int fields = e.size(1);
    int[] places = new int[fields * (fields - 1) / 2];
    int at = 0;
    for (int i = 0; i < fields; i++) {
      for (int j = 0; j < i; j++) {
        places[at++] = i * fields + j;
      }
    }
    Tensor ids = e.tape().scope().upload(Shape.of(places.length), places);
    return e.matmul(e.transpose()).flatten(1).gather(1, ids);
  }

  /// The cross-entropy from logits as max(z, 0) − z t + ln(1 + e^−|z|).
  public static Var crossEntropy(Var z, Tensor targets) {
    Var rest = z.abs().negate().exp().log1p();
    return z.relu().subtract(z.multiply(z.tape().constant(targets))).add(rest);
  }

  /// Softmax over the last of two axes as exponentials and their share.
  public static Var softmax(Var x) {
    Var e = x.subtract(x.max(1, true).stopGradient()).exp();
    return e.divide(e.sum(1, true));
  }

  /// Standardised rows (axis 1), or columns (axis 0): of a matrix, by its means and variances.
  public static Var standardized(Var x, int axis, double epsilon) {
    Var centered = x.subtract(x.mean(axis, true));
    return centered.multiply(centered.square().mean(axis, true).add(epsilon).rsqrt());
  }

  /// What DIN's activation unit reads, as copies, a difference, a product and a concatenation.
  public static Var facing(Var keys, Var query) {
    Var q = query.unsqueeze(1).expand(keys.shape());
    return Var.concat(2, List.of(q, keys, q.subtract(keys), q.multiply(keys)));
  }

  /// A weighted sum over steps as products and a sum.
  public static Var weightedSum(Var weights, Var vectors) {
    return weights.unsqueeze(2).multiply(vectors).sum(1);
  }

  /// A cross layer of DCN V2, but for what gives z, as a product and a sum.
  public static Var cross(Var x0, Var z, Var x) {
    return x0.multiply(z).add(x);
  }

  /// The states of a GRU in a loop over time.
  public static Var gru(Gru gru, Var x, int width) {
    Var h = zeros(x, width);
    Var[] states = new Var[x.size(1)];
    for (int t = 0; t < states.length; t++) {
      h = gru.cell(x.index(1, t), h, null);
      states[t] = h;
    }
    return Var.stack(1, List.of(states));
  }

  /// The states of an LSTM in a loop over time.
  public static Var lstm(Lstm lstm, Var x, int width) {
    Lstm.Memory memory = new Lstm.Memory(zeros(x, width), zeros(x, width));
    Var[] states = new Var[x.size(1)];
    for (int t = 0; t < states.length; t++) {
      memory = lstm.cell(x.index(1, t), memory);
      states[t] = memory.h();
    }
    return Var.stack(1, List.of(states));
  }

  private static Var zeros(Var x, int width) {
    Tape tape = x.tape();
    return tape.constant(Shape.of(x.size(0), width), new float[x.size(0) * width]);
  }
}
