// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.xdeepfm;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Activations;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The compressed interaction network of xDeepFM: each layer multiplies its maps with the embeddings, whole vectors with
/// whole vectors, and compresses the products into new maps.
///
/// ```
/// Zᵏ_{i,j} = Xᵏ⁻¹_i ⊙ X⁰_j                                    (CIN-1)
/// Xᵏ_h     = f(Σᵢ Σⱼ W^{k,h}_{ij} Zᵏ_{i,j} [+ βᵏ_h])           (CIN-2)
/// pᵏ_h     = Σ_d Xᵏ_{h,d},   p⁺ = [p¹; …; p^{(T)}]             (CIN-3)
/// ```
///
/// X⁰ holds the embeddings of the m fields, one per row, each of D numbers over which d runs. k, no power, counts the T layers
/// from 1. Layer k has H_k maps, the rows of Xᵏ, which h counts from 1, and reads the H′_{k−1} maps of the layer before that
/// feed it (H′₀ = m), over which i runs, while j runs over the fields; below, H is H_k and H′ is H′_{k−1}. W^{k,h} holds the
/// weights of map h; f is an activation, by default none, and β a bias per map, by default not there: the paper's eq. 6 has
/// neither. pᵏ and p⁺ are of the maps that go to the output, see [Connect]; p⁺ has |p⁺| numbers. B is the number of examples,
/// ⊙ multiplies number by number, [ ; ] puts vectors one behind the other, and ᵀ transposes.
///
/// Dimension d of a map depends on dimension d of the embeddings only. So d is an axis that only stands by, as the examples
/// are: tensors are `[B, D, maps]`. Weight W^{k,h}_{ij} is row (i−1)·m + j−1, column h−1. Z is never built, for its factor
/// X⁰_j comes out of the sum over i:
///
/// ```
/// Σᵢ Σⱼ W^{k,h}_{ij} Xᵏ⁻¹_i ⊙ X⁰_j = Σⱼ X⁰_j ⊙ (Σᵢ W^{k,h}_{ij} Xᵏ⁻¹_i)     (CIN-2)
/// ```
///
/// The sum in brackets, for all h and j, is one matrix product with B·D rows and m·H columns; Z would have H′·m numbers in
/// place of these. No example needs another, so a large batch is computed part by part: the products of one part are there at
/// a time, and are computed again on the way back.
///
/// With a rank L, W^{k,h} = U^{k,h} (V^{k,h})ᵀ, U^{k,h} being H′ × L and V^{k,h} m × L, l runs over L, and neither these matrices'
/// products nor Z are built:
/// `Σᵢⱼ W^{k,h}_{ij} Xᵏ⁻¹_i ⊙ X⁰_j = Σ_l (Σᵢ U^{k,h}_{il} Xᵏ⁻¹_i) ⊙ (Σⱼ V^{k,h}_{jl} X⁰_j)`.
public final class Cin {
  /// Products of a part of the batch: 4 MiB of float32, which is still in a cache when it is read.
  static final int PRODUCTS = 1 << 20;

  private final List<Layer> layers = new ArrayList<>();
  private final Config config;
  private final int products; // of a part, at most, if that is enough for one example
  private final int out; //      |p⁺|

  /// Where maps go.
  public enum Connect {
    /// all of them into the next layer and to the output, as in the paper
    DIRECT,
    /// the first half into the next layer, the second half to the output, those of the last layer to the output: what the
    /// authors' program does
    SPLIT_HALF
  }

  /// What a user may set.
  ///
  /// @param maps H₁ … H_T, each at least 1; with SPLIT_HALF all but the last even
  /// @param connect where maps go
  /// @param activation f
  /// @param bias whether there is a βᵏ
  /// @param rank L, or 0 for full matrices
  public record Config(
      List<Integer> maps, Connect connect, Activation activation, boolean bias, int rank) {
    /// Checks the ranges.
    public Config {
      if (rank < 0) {
        throw new IllegalArgumentException(
            "cin: rank " + rank + ". Expected at least 1, or 0 for full matrices.");
      }
      String odd = conflict(maps, connect);
      if (odd != null) {
        throw new IllegalArgumentException(odd);
      }
    }

    /// Why these sizes do not do, or null.
    static @Nullable String conflict(List<Integer> maps, Connect connect) {
      if (maps.isEmpty() || maps.stream().anyMatch(count -> count < 1)) {
        return "cin: maps " + maps + ". Expected at least one layer, and one map in each.";
      }
      for (int count : maps.subList(0, maps.size() - 1)) {
        if (connect == Connect.SPLIT_HALF && count % 2 != 0) {
          return "cin: maps " + maps + " with SPLIT_HALF. Expected even numbers but for the last.";
        }
      }
      return null;
    }

    /// H′_k of layer k of 1 … T: the maps that feed the next one.
    private int fed(int k) {
      return connect == Connect.DIRECT ? maps.get(k - 1) : maps.get(k - 1) / 2;
    }
  }

  private record Layer(Compression weights, @Nullable DenseParameter beta) {} // β [H]

  /// Wᵏ of a layer.
  private sealed interface Compression {}

  private record Full(DenseParameter w) implements Compression {} // [H′·m, H]

  private record Narrow(DenseParameter u, DenseParameter v)
      implements Compression {} // [H′, H·L], [m, H·L]

  /// New layers under `params`.
  ///
  /// @param fields m
  Cin(int fields, Config config, Params params) {
    this(fields, config, PRODUCTS, params);
  }

  /// @param products of a part of the batch, at most
  Cin(int fields, Config config, int products, Params params) {
    this.config = config;
    this.products = products;
    int in = fields; // H′_{k−1}
    int sum = 0;
    int last = config.maps.size();
    for (int k = 1; k <= last; k++) {
      Params p = params.at(k - 1);
      int maps = config.maps.get(k - 1); // H_k
      Compression weights =
          config.rank == 0
              ? new Full(p.weight("w", Shape.of(in * fields, maps), Initializers.xavierUniform()))
              : new Narrow(narrow("u", in, maps, p), narrow("v", fields, maps, p));
      layers.add(new Layer(weights, config.bias ? p.bias("beta", Shape.of(maps)) : null));
      in = config.fed(k);
      sum += config.connect == Connect.DIRECT || k == last ? maps : maps - in;
    }
    out = sum;
  }

  private DenseParameter narrow(String name, int in, int maps, Params params) {
    return params.weight(name, Shape.of(in, maps * config.rank), Initializers.xavierUniform());
  }

  /// |p⁺|
  int out() {
    return out;
  }

  /// X⁰ `[B, m, D]` → p⁺ `[B, |p⁺|]`.
  Var forward(Var embeddings, Mode mode) {
    int batch = embeddings.size(0);
    int part = part(embeddings.size(1), embeddings.size(2));
    if (batch <= part) {
      return pooled(embeddings);
    }
    List<Var> parts = new ArrayList<>();
    for (int from = 0; from < batch; from += part) {
      Var some = embeddings.slice(0, from, Math.min(batch, from + part));
      parts.add(mode.tape().checkpoint(mode, List.of(some), (_, in) -> pooled(in.getFirst())));
    }
    return Var.concat(0, parts); //                              [B, |p⁺|]
  }

  /// Examples of a part: those whose products in all layers are at most so many, and at least one.
  private int part(int fields, int dim) {
    long each = 0;
    for (int maps : config.maps) {
      each += (long) dim * maps * (config.rank == 0 ? fields : config.rank);
    }
    return Math.clamp(products / each, 1, Integer.MAX_VALUE);
  }

  /// As [#forward], at once.
  private Var pooled(Var embeddings) {
    Var x0 = embeddings.transpose(); //                          [B, D, m]
    Var x = x0;
    List<Var> pooled = new ArrayList<>();
    for (int k = 1; k <= layers.size(); k++) {
      Var maps = layer(x, x0, layers.get(k - 1)); //             [B, D, H_k]  (CIN-1), (CIN-2)
      boolean split = config.connect == Connect.SPLIT_HALF && k < layers.size();
      int fed = config.fed(k);
      x = split ? maps.slice(2, 0, fed) : maps; //               [B, D, H′_k]
      Var kept = split ? maps.slice(2, fed, maps.size(2)) : maps;
      pooled.add(kept.sum(1)); //                                [B, …]  (CIN-3)
    }
    return Var.concat(1, pooled); //                             [B, |p⁺|]  (CIN-3)
  }

  /// x `[B, D, H′]`, x0 `[B, D, m]` → `[B, D, H]`.
  private Var layer(Var x, Var x0, Layer layer) {
    Tape tape = x0.tape();
    Var y =
        switch (layer.weights) {
          case Full(DenseParameter p) -> {
            int m = x0.size(2);
            Var w = tape.use(p).reshape(x.size(2), -1); //       [H′, m·H]
            Var sums = x.matmul(w).reshape(-1, m, p.shape().size(1)); // [B·D, m, H]
            // weightedSum: Σⱼ x0ⱼ · sumsⱼ, H numbers in each of B·D rows
            yield x0.reshape(-1, m).weightedSum(sums).reshape(x.size(0), x.size(1), -1); // (CIN-2)
          }
          case Narrow(DenseParameter u, DenseParameter v) -> {
            Var left = x.matmul(tape.use(u)); //                 [B, D, H·L]
            Var right = x0.matmul(tape.use(v)); //               [B, D, H·L]
            Var each = left.multiply(right).reshape(x.size(0), x.size(1), -1, config.rank);
            yield each.sum(3); //                                [B, D, H]  (CIN-2)
          }
        };
    Var biased = layer.beta == null ? y : y.add(tape.use(layer.beta));
    return Activations.apply(config.activation, biased); //      [B, D, H]  (CIN-2)
  }
}
