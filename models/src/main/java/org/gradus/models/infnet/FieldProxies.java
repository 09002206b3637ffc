// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// The proxies of the fields.
///
/// ```
/// C̃ = reshape_{m×d}(φ_cat([c₁; …; c_M]))                      (IN-4)
/// ```
///
/// φ_cat reads all M d numbers and writes m d: with many fields it costs more than all attention does.
public final class FieldProxies {
  private final @Nullable Projection phi; //         φ_cat [M·d] → [m·d]
  private final @Nullable DenseParameter learned; // [m, d]
  private final int count;
  private final int width;

  /// Where proxies come from.
  public enum Source {
    /// from the example: the paper
    GENERATED,
    /// parameters, the same for all examples
    LEARNED,
    /// the sum of both
    DYNAMIC;

    boolean generates() {
      return this != LEARNED;
    }

    boolean learns() {
      return this != GENERATED;
    }
  }

  /// What a user may set.
  ///
  /// @param count m
  /// @param source where they come from
  /// @param hidden layers of φ_cat in front of the last one
  public record Config(int count, Source source, Projection.Hidden hidden) {
    /// Checks the ranges.
    public Config {
      if (count < 1) {
        throw new IllegalArgumentException(
            "infnet: " + count + " proxies of the fields. Expected at least 1.");
      }
    }
  }

  /// Proxies of `fields` tokens of width d.
  FieldProxies(int fields, int width, Config config, Params params) {
    this.count = config.count;
    this.width = width;
    phi =
        config.source.generates()
            ? new Projection(
                fields * width, config.hidden, count * width, Activation.IDENTITY, params)
            : null;
    learned =
        config.source.learns()
            ? params.weight("learned", Shape.of(count, width), Initializers.normal(0.02))
            : null;
  }

  /// Lets the learned part begin there.
  void startAt(PrincipalAxes axes, PrincipalAxes.Start start) {
    if (learned != null) {
      learned.write(axes.over(learned.value().toDoubles(), width, start));
    }
  }

  /// C̃ `[B, m, d]`, or `[1, m, d]` where it does not depend on the example.
  ///
  /// @param c C `[B, M, d]`
  Var of(Var c, Mode mode) {
    Tape tape = mode.tape();
    Var own = learned == null ? null : tape.use(learned).unsqueeze(0); //           [1, m, d]
    if (phi == null) {
      if (own == null) {
        throw new IllegalStateException("infnet: proxies from nowhere."); // a source is one of both
      }
      return own;
    }
    Var generated = phi.forward(c.flatten(1), mode).reshape(c.size(0), count, width); // (IN-4)
    return own == null ? generated : generated.add(own);
  }
}
