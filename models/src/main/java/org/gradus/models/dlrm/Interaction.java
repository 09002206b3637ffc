// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dlrm;

import java.util.List;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Var;
import org.gradus.layers.CrossNetwork;
import org.gradus.layers.DotInteraction;
import org.gradus.layers.FullCross;
import org.gradus.layers.LowRankCross;
import org.gradus.layers.MixtureCross;
import org.gradus.layers.Mlp;
import org.gradus.layers.ProjectionInteraction;
import org.gradus.layers.VectorCross;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// How the F + 1 vectors of an example become the input of the top tower, of R numbers.
///
/// | Kind | Result | Width R |
/// | --- | --- | --- |
/// | dot (DI-1 to DI-3) | `[d; ⟨T_i, T_j⟩, i<j]`, a vector alone as it is | D + F(F+1)/2 |
/// | concatenation | `x₀ = flatten(T)` | (F+1)D |
/// | cross networks (XN-1 to XN-4) | the last `x_l`, of layers from x₀ on | (F+1)D |
/// | projection (PJ-1 to PJ-4) | `[d; flatten(𝒴𝒵)]` | D + F₁F₂ |
///
/// T = [d; s₀; …; s_{F−1}] has d, the vector of the dense fields, and those of the F fields with ids as rows T_i, each of D
/// numbers; ⟨·, ·⟩ is an inner product. 𝒴 `[F₁, D]` and 𝒵 `[D, F₂]` are the outputs of two towers that read x₀. Without dense
/// fields there is no d: T has F rows, and the widths are those with F vectors, F(F−1)/2, FD, FD and F₁F₂. B is the number of
/// examples in a batch.
public final class Interaction {
  private final Step step;
  private final int out;

  /// The computation, `d [B, D]` or null and `s [B, F, D]` → `[B, R]`.
  @FunctionalInterface
  private interface Step {
    Var forward(@Nullable Var d, Var s, Mode mode);
  }

  private Interaction(int out, Step step) {
    this.out = out;
    this.step = step;
  }

  /// Which interaction.
  public sealed interface Config {
    /// Dot products of all pairs in upper row-major order; the original script has the lower one.
    Config DOT = new Dot(DotInteraction.Order.UPPER_ROW_MAJOR, false);
  }

  /// Dot products (DI-2), ⟨T_i, T_j⟩ of all pairs i < j.
  ///
  /// @param order in which order they stand
  /// @param includeSelf whether ⟨T_i, T_i⟩ are among them
  public record Dot(DotInteraction.Order order, boolean includeSelf) implements Config {}

  /// No products at all: the vectors side by side.
  public record Concatenation() implements Config {}

  /// A cross network, XN-1 to XN-4: the equations are those of [LowRankCross], [FullCross], [VectorCross] and [MixtureCross].
  ///
  /// @param kind which of the four
  /// @param layers how many
  /// @param rank columns of U and V, for low rank and mixture
  /// @param experts how many, for the mixture
  /// @param activation g, for the mixture; ReLU in TorchRec, tanh elsewhere
  public record Cross(CrossKind kind, int layers, int rank, int experts, Activation activation)
      implements Config {}

  /// Two towers multiplied (PJ-3), I = 𝒴𝒵, see [ProjectionInteraction], behind d, Y being the result:
  ///
  /// ```
  /// Y = [d; flatten(I)]                                        (PJ-4)
  /// ```
  ///
  /// @param branch1 sizes of the first tower, the last F₁·D
  /// @param branch2 sizes of the second tower, the last F₂·D
  public record Projection(List<Integer> branch1, List<Integer> branch2) implements Config {}

  /// The four cross networks.
  public enum CrossKind {
    /// XN-1
    LOW_RANK,
    /// XN-2
    FULL,
    /// XN-3
    VECTOR,
    /// XN-4
    MIXTURE
  }

  /// What comes in.
  ///
  /// @param sparse F, the number of embedding vectors
  /// @param dense whether d stands before them
  /// @param dim D
  /// @param style of the projection's towers
  public record Vectors(int sparse, boolean dense, int dim, Mlp.Style style) {
    /// The rows of T.
    int count() {
      return sparse + (dense ? 1 : 0);
    }

    /// The numbers of x₀.
    int flat() {
      return count() * dim;
    }
  }

  /// The interaction of this kind, with its parameters under `params`.
  static Interaction of(Config config, Vectors in, Params params) {
    int kept = in.dense ? in.dim : 0; // columns of d in the result
    return switch (config) {
      case Dot c -> {
        DotInteraction dot = new DotInteraction(c.order, c.includeSelf);
        int pairs = dot.pairs(in.count());
        if (pairs == 0) { // a vector that meets nobody is passed on, as d is
          yield new Interaction(in.dim, (_, s, _) -> s.flatten(1));
        }
        yield new Interaction(
            kept + pairs, (d, s, _) -> d == null ? dot.pairs(s) : dot.forward(d, s));
      }
      case Concatenation _ -> new Interaction(in.flat(), (d, s, _) -> flat(d, s));
      case Cross c -> {
        CrossNetwork cross = cross(c, in.flat(), params);
        yield new Interaction(in.flat(), (d, s, _) -> cross.forward(flat(d, s)));
      }
      case Projection c -> {
        ProjectionInteraction projection =
            new ProjectionInteraction(
                in.flat(), in.dim, List.of(c.branch1, c.branch2), in.style, params);
        yield new Interaction(
            kept + projection.out(),
            (d, s, mode) -> {
              Var products = projection.forward(flat(d, s), mode);
              return d == null ? products : Var.concat(1, List.of(d, products)); // (PJ-4)
            });
      }
    };
  }

  /// flatten(T), `[B, (F+1)·D]` (DI-1), for all kinds but dot, whose kernel takes d and s as they are
  private static Var flat(@Nullable Var d, Var s) {
    Var rest = s.flatten(1); // [B, F·D]
    return d == null ? rest : Var.concat(1, List.of(d, rest)); // (DI-1)
  }

  /// x₀ `[B, width]` → the last x_l `[B, width]`; a mixture has one softmax gate for all layers.
  private static CrossNetwork cross(Cross c, int width, Params params) {
    return switch (c.kind) {
      case LOW_RANK -> new LowRankCross(width, c.layers, c.rank, params);
      case FULL -> new FullCross(width, c.layers, params);
      case VECTOR -> new VectorCross(width, c.layers, params);
      case MIXTURE ->
          new MixtureCross(
              width,
              new MixtureCross.Config(
                  c.layers, c.experts, c.rank, c.activation, MixtureCross.Gate.SOFTMAX, false),
              params);
    };
  }

  /// `d [B, D]`, null without dense fields, and `s [B, F, D]` → `[B, R]`.
  Var forward(@Nullable Var d, Var s, Mode mode) {
    return step.forward(d, s, mode);
  }

  /// R
  int out() {
    return out;
  }
}
