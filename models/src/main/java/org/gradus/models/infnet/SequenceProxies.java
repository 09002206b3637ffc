// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Masks;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.layers.Linear;
import org.gradus.layers.SequencePooling;
import org.gradus.tensor.MatMulKernels.Activation;
import org.gradus.tensor.Scope;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// The proxies of the behaviours, r of each.
///
/// ```
/// S̃_a = Σ_t m_{a,t} φ_seq(s_{a,t})                            (IN-5)
/// MULTI_SCALE: S̃_{a,k} = (mean of the last n_a / 2^k real steps) W_k + b_k
/// ```
///
/// φ_seq of padding is not 0 once it has biases, so that the mask stands behind it. A behaviour without steps has proxies of 0, but
/// for a learned part.
public final class SequenceProxies {
  private final @Nullable Projection phi; //         φ_seq [d] → [r·d], of all behaviours
  private final List<Linear> windows = new ArrayList<>(); // W_k, b_k
  private final List<DenseParameter> learned = new ArrayList<>(); // [r, d] of each behaviour
  private final Config config;
  private final int width;

  /// Where proxies come from.
  public enum Source {
    /// from the steps: the paper
    GENERATED,
    /// parameters, the same for all examples
    LEARNED,
    /// the sum of both
    DYNAMIC,
    /// from all steps, the newer half, the newest quarter, …
    MULTI_SCALE
  }

  /// How φ_seq of the steps becomes one.
  public enum Pooling {
    /// their sum: the paper
    SUM,
    /// their mean
    MEAN
  }

  /// What a user may set.
  ///
  /// @param each r, proxies of a behaviour; the paper's construction has one
  /// @param source where they come from
  /// @param pooling how steps become one
  /// @param hidden layers of φ_seq in front of the last one
  public record Config(int each, Source source, Pooling pooling, Projection.Hidden hidden) {
    /// Checks the ranges.
    public Config {
      if (each < 1) {
        throw new IllegalArgumentException(
            "infnet: " + each + " proxies of a behaviour. Expected at least 1.");
      }
    }
  }

  /// Proxies of behaviours with these names, of width d.
  SequenceProxies(List<String> behaviours, int width, Config config, Params params) {
    this.config = config;
    this.width = width;
    boolean generates = config.source == Source.GENERATED || config.source == Source.DYNAMIC;
    phi =
        generates
            ? new Projection(width, config.hidden, config.each * width, Activation.IDENTITY, params)
            : null;
    if (config.source == Source.LEARNED || config.source == Source.DYNAMIC) {
      for (String name : behaviours) {
        learned.add(
            params
                .at("learned")
                .weight(name, Shape.of(config.each, width), Initializers.normal(0.02)));
      }
    }
    if (config.source == Source.MULTI_SCALE) {
      for (int k = 0; k < config.each; k++) {
        windows.add(new Linear(width, width, params.at("window").at(k)));
      }
    }
  }

  /// Lets the learned part of each behaviour begin there.
  void startAt(List<PrincipalAxes> axes, PrincipalAxes.Start start) {
    for (int a = 0; a < learned.size(); a++) {
      DenseParameter own = learned.get(a);
      own.write(axes.get(a).over(own.value().toDoubles(), width, start));
    }
  }

  /// S̃ `[B, r F, d]`, behaviour by behaviour, or `[1, r F, d]` where it does not depend on the example.
  Var of(Behaviours.Looked s, Mode mode) {
    if (!windows.isEmpty()) {
      return scales(s);
    }
    Tape tape = mode.tape();
    List<Var> own = learned.stream().map(tape::use).toList();
    Var fixed = own.isEmpty() ? null : Var.concat(0, own).unsqueeze(0); //  [1, r F, d]
    if (phi == null) {
      if (fixed == null) {
        throw new IllegalStateException("infnet: proxies from nowhere.");
      }
      return fixed;
    }
    Var generated = pooled(s, phi.forward(s.tokens(), mode)); //             [B, …, r F, d]
    return fixed == null ? generated : generated.add(fixed);
  }

  /// @param x φ_seq(S) `[B, L, r·d]`
  private Var pooled(Behaviours.Looked s, Var x) {
    Tape tape = x.tape();
    List<Var> each = new ArrayList<>();
    List<Var> parts = x.split(1, s.sizes());
    for (int a = 0; a < parts.size(); a++) {
      Tensor mask = s.steps().get(a).mask();
      Var pooled =
          switch (config.pooling) {
            case SUM -> tape.constant(Masks.toReal(tape.scope(), mask)).weightedSum(parts.get(a));
            case MEAN -> SequencePooling.mean(parts.get(a), mask);
          }; //                                                              [B, …, r·d]  (IN-5)
      each.add(pooled.reshape(pooled.size(0), config.each, width));
    }
    return Var.concat(1, each);
  }

  private Var scales(Behaviours.Looked s) {
    Scope scope = s.tokens().tape().scope();
    List<Var> each = new ArrayList<>();
    List<Var> parts = s.tokens().split(1, s.sizes());
    for (int a = 0; a < parts.size(); a++) {
      Behaviours.Steps steps = s.steps().get(a);
      Tensor any = Masks.sequenceMask(scope, present(steps.lengths()), 1); // [B, …, 1]
      for (int k = 0; k < windows.size(); k++) {
        int newest = Math.max(1, steps.longest() >> k);
        Var mean = SequencePooling.mean(parts.get(a), window(steps, newest, scope)); // [B, …, d]
        each.add(windows.get(k).forward(mean).keepWhere(any));
      }
    }
    return Var.stack(1, each);
  }

  private static int[] present(int[] lengths) {
    return Arrays.stream(lengths).map(n -> Math.min(n, 1)).toArray();
  }

  /// `[B, n_a]`, true at the newest real steps of each row.
  private static Tensor window(Behaviours.Steps steps, int newest, Scope scope) {
    int places = steps.mask().shape().size(1);
    int[] lengths = steps.lengths();
    boolean[] in = new boolean[lengths.length * places];
    for (int b = 0; b < lengths.length; b++) {
      int from = Math.max(0, lengths[b] - newest);
      Arrays.fill(in, b * places + from, b * places + lengths[b], true);
    }
    return scope.upload(steps.mask().shape(), in);
  }
}
