// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pnn;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The product layer of PNN: embeddings f₁ … f_N of N fields, M numbers each, become the D₁ numbers of l₁.
///
/// ```
/// l_zⁿ = ⟨W_zⁿ, [f₁; …; f_N]⟩                                 (PNN-1)
/// l_pⁿ = Σᵢ Σⱼ (W_pⁿ)ᵢⱼ ⟨fᵢ, fⱼ⟩ = ‖Δⁿ‖²,  Δⁿ = Σᵢ θᵢⁿ fᵢ      (PNN-2), inner
/// l_pⁿ = W_pⁿ • p,  p = Σᵢ Σⱼ fᵢ fⱼᵀ = f_Σ f_Σᵀ,  f_Σ = Σᵢ fᵢ   (PNN-3), outer
/// l₁   = ReLU(l_z + l_p + b₁)                                 (PNN-4)
/// ```
///
/// i and j run over the fields from 1. n, from 1 to D₁, is a unit, no power: l_zⁿ and l_pⁿ are number n of the vectors l_z and
/// l_p, W_zⁿ (N·M numbers), θⁿ (N numbers θᵢⁿ) and W_pⁿ the weights of unit n, b₁ is a bias. W_pⁿ is N × N for inner products
/// and another, M × M, for outer ones. ⟨ , ⟩ is an inner product, ‖ ‖ the Euclidean norm, [ ; ] puts vectors one behind the
/// other, ᵀ transposes, and U • V is Σ_s Σ_t U_st V_st. With both kinds of products l_p is the sum of the two.
///
/// ‖Δⁿ‖² stands where W_pⁿ = θⁿ θⁿᵀ; the paper's δᵢⁿ = θᵢⁿ fᵢ is one summand of Δⁿ. p is the M × M sum of all outer products.
/// Of the pairs i < j there are P = N (N − 1) / 2. B is the number of examples of a batch.
public final class ProductLayer {

  /// Which products there are.
  public enum Product {
    /// IPNN
    INNER,
    /// OPNN
    OUTER,
    /// PNN*: both are added
    BOTH;

    boolean inner() {
      return this != OUTER;
    }

    boolean outer() {
      return this != INNER;
    }
  }

  /// How inner products are weighted.
  public enum InnerWeights {
    /// W_pⁿ = θⁿ θⁿᵀ: N weights per unit, of all pairs
    FACTORIZED,
    /// a weight for every pair: N² or P weights per unit
    FULL
  }

  /// Which inner products there are.
  public enum Pairs {
    /// all i and j, each pair twice and each field with itself: the paper
    ALL,
    /// i < j, each pair once: with FULL only, and not the paper's
    UPPER
  }

  /// What a user may set.
  ///
  /// @param size D₁, at least 1
  /// @param product which products there are
  /// @param innerWeights how inner products are weighted, where there are any
  /// @param pairs which inner products there are; read with [InnerWeights#FULL] alone
  public record Config(int size, Product product, InnerWeights innerWeights, Pairs pairs) {
    /// Checks the size.
    public Config {
      if (size < 1) {
        throw new IllegalArgumentException(
            "pnn: productSize " + size + ". Expected at least 1 unit in the product layer.");
      }
    }
  }

  private final DenseParameter linear; //          W_z [N·M, D₁]; unit n is column n − 1, as below
  private final @Nullable DenseParameter theta; // θ [N, D₁]
  private final @Nullable DenseParameter inner; // W_p of (PNN-2) [N·N, D₁], or [P, D₁]
  private final @Nullable DenseParameter outer; // W_p of (PNN-3) [M·M, D₁]
  private final DenseParameter bias; //            b₁ [D₁]
  private final Pairs pairs;

  /// New weights under `params`, null where `config` has no use for them.
  ///
  /// @param fields N
  /// @param dim M
  ProductLayer(Config config, int fields, int dim, Params params) {
    int size = config.size;
    pairs = config.pairs;
    linear = weight("linear", fields * dim, size, params);
    boolean full = config.innerWeights == InnerWeights.FULL;
    int products = pairs == Pairs.ALL ? fields * fields : fields * (fields - 1) / 2;
    theta = config.product.inner() && !full ? weight("theta", fields, size, params) : null;
    inner =
        config.product.inner() && full && products > 0 // one field has no pair i < j
            ? weight("inner", products, size, params)
            : null;
    outer = config.product.outer() ? weight("outer", dim * dim, size, params) : null;
    bias = params.bias("bias", Shape.of(size));
  }

  /// Uniform with Glorot and Bengio's bound; that is ours.
  private static DenseParameter weight(String name, int in, int out, Params params) {
    return params.weight(name, Shape.of(in, out), Initializers.xavierUniform());
  }

  /// f `[B, N, M]` → l₁ `[B, D₁]`.
  Var forward(Var f) {
    Tape tape = f.tape();
    Var l = f.flatten(1).matmul(tape.use(linear)); //               [B, D₁]  (PNN-1)
    if (theta != null) {
      Var delta = f.permute(0, 2, 1).matmul(tape.use(theta)); //    [B, M, D₁], Δ
      l = l.add(delta.square().sum(1)); //                          [B, D₁]  (PNN-2), factorised
    }
    if (inner != null) {
      Var products = // ⟨fᵢ, fⱼ⟩                                    [B, N·N] or [B, P]
          pairs == Pairs.ALL
              ? f.matmul(f, false, true).flatten(1) // f fᵀ
              : f.dots(false, false); // of i < j alone
      l = l.add(products.matmul(tape.use(inner))); //               [B, D₁]  (PNN-2), full
    }
    if (outer != null) {
      Var sum = f.sum(1); //                                        [B, M], f_Σ
      Var p = sum.unsqueeze(2).multiply(sum.unsqueeze(1)); //       [B, M, M], f_Σ f_Σᵀ
      l = l.add(p.flatten(1).matmul(tape.use(outer))); //           [B, D₁]  (PNN-3)
    }
    return l.add(tape.use(bias)).relu(); //                         [B, D₁]  (PNN-4)
  }

  /// D₁
  int out() {
    return bias.shape().size(0);
  }
}
