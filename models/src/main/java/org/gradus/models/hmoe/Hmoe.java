// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.hmoe;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.ConcatenatedFields;
import org.gradus.embeddings.ConcatenatedFields.Width;
import org.gradus.embeddings.ConcatenatedFields.Widths;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Experts;
import org.gradus.layers.Gate;
import org.gradus.layers.Linear;
import org.gradus.layers.Mlp;
import org.gradus.models.Head;
import org.gradus.models.Model;
import org.gradus.models.Outputs;
import org.gradus.models.ScenarioRows;
import org.gradus.models.Scenarios;
import org.gradus.models.Target;
import org.gradus.tensor.Shape;
import org.gradus.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// **HMoE** — Li, Li, Da, Zeng, Zhang. CIKM 2020, [doi:10.1145/3340531.3412713](https://doi.org/10.1145/3340531.3412713)
///
/// ```
/// e_k = mlp_k(x),  k = 1 … K,  x = [e₁; …; e_F; x_num]             (HM-1)
/// g   = softmax(x W_g), of all scenarios or of each                (HM-2)
/// M_p = Σ_k g_k e_k                                                (HM-3)
/// S_p = tower_p(M_p), of every scenario p                          (HM-4)
/// ω   = softmax(mlp(x) W_ω), P numbers                             (HM-5)
/// z   = ω_d S_d + Σ_{j≠d} ω_j sg(S_j),  d the row's own scenario    (HM-6)
/// ```
///
/// sg keeps examples of a scenario from teaching the towers of others, and from teaching the experts through them; ω learns from all.
///
/// Departs from the paper in five places: cross-entropy on every example takes the place of its ranking objective; the weights ω are one
/// network for all scenarios, of which the paper says nothing; sizes of layers are ours; with one expert, or one scenario, there is
/// nothing to weigh and no weights; and mixing probabilities or hidden vectors, other weights than a softmax, gates and mixtures per
/// scenario and letting all towers learn are options that the paper does not have, off by default.
public final class Hmoe implements Model {

  /// What a user may set.
  ///
  /// @param embeddingDim D
  /// @param experts how many, and their layers
  /// @param gating how experts are mixed
  /// @param label how scores are mixed
  /// @param towers of the scenarios
  public record Config(
      int embeddingDim, Bottom experts, Gating gating, LabelSpace label, Towers towers) {
    /// A starting point: four experts, one gate, one mixture.
    public static final Config PRESET =
        new Config(
            16,
            new Bottom(4, List.of(128, 64)),
            new Gating(true, Gate.Config.LINEAR),
            new LabelSpace(
                new Mixing.Config(true, List.of(), Mixing.Normalisation.SOFTMAX),
                Space.LOGIT,
                true),
            new Towers(List.of(64), Mlp.Style.RELU));
  }

  /// The experts.
  ///
  /// @param count K
  /// @param sizes of the layers of each
  public record Bottom(int count, List<Integer> sizes) {
    /// Copies the list. Experts without layers would all say x.
    public Bottom {
      sizes = List.copyOf(sizes);
      if (sizes.isEmpty()) {
        throw new IllegalArgumentException(
            "hmoe: expertUnits is empty. Expected at least one layer.");
      }
    }
  }

  /// The gates below.
  ///
  /// @param shared whether all scenarios have one
  /// @param gate what each is made of
  public record Gating(boolean shared, Gate.Config gate) {}

  /// How towers advise each other.
  ///
  /// @param mixing how much each counts
  /// @param space what of them is mixed
  /// @param stop whether those of other scenarios are not taught
  public record LabelSpace(Mixing.Config mixing, Space space, boolean stop) {}

  /// What is mixed.
  public enum Space {
    /// their logits
    LOGIT,
    /// their probabilities
    PROBABILITY,
    /// their last hidden vectors, from which one linear layer makes the logit
    HIDDEN
  }

  /// The towers.
  ///
  /// @param sizes of the layers of each
  /// @param style of the layers of experts and towers, without batch norm
  public record Towers(List<Integer> sizes, Mlp.Style style) {
    /// Copies the list.
    public Towers {
      sizes = List.copyOf(sizes);
    }
  }

  /// A tower, whose last layer is its own or nobody's.
  private record Tower(Mlp hidden, @Nullable Linear out) {
    Var forward(Var h, Mode mode) {
      Var vector = hidden.forward(h, mode);
      return out == null ? vector : out.forward(vector).squeeze(1);
    }
  }

  private final ConcatenatedFields v;
  private final Experts experts;
  private final List<Gate> gates = new ArrayList<>(); //   one, or one per scenario
  private final List<Tower> towers = new ArrayList<>(); // one per scenario
  private final Mixing mixing;
  private final @Nullable Linear out; //                   [h, 1] of mixed hidden vectors
  private final LabelSpace label;
  private final Scenarios scenarios;
  private final Target target;

  /// A model for the only label of the schema.
  public Hmoe(Config config, Schema schema, Params params) {
    target = Target.binary("hmoe", schema);
    scenarios = Scenarios.of("hmoe", schema);
    label = config.label;
    check(config);
    v =
        new ConcatenatedFields(
            schema,
            new Widths(Width.FIXED, config.embeddingDim, 0),
            params.at("v"),
            Initializers.normal(0.01));
    Mlp.Style style = config.towers.style;
    Bottom bottom = config.experts;
    experts = new Experts(v.width(), bottom.count, bottom.sizes, style, params.at("expert"));
    int count = scenarios.count();
    for (int p = 0; p < (config.gating.shared ? 1 : count); p++) {
      Params own = config.gating.shared ? params.at("gate").at("shared") : params.at("gate").at(p);
      gates.add(new Gate(v.width(), experts.count(), config.gating.gate, own));
    }
    boolean hiddens = label.space == Space.HIDDEN;
    for (int p = 0; p < count; p++) {
      Params own = params.at("tower").at(p);
      Mlp hidden = new Mlp(experts.out(), config.towers.sizes, style, own);
      towers.add(new Tower(hidden, hiddens ? null : new Linear(hidden.out(), 1, own.at("out"))));
    }
    mixing = new Mixing(v.width(), count, label.mixing, params.at("mix"));
    out = hiddens ? new Linear(towers.getFirst().hidden.out(), 1, params.at("out")) : null;
  }

  private static void check(Config config) {
    String conflict = conflict(config);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
  }

  /// Why there is no such model, or null.
  static @Nullable String conflict(Config config) {
    LabelSpace label = config.label;
    boolean softmax = label.mixing.normalisation() == Mixing.Normalisation.SOFTMAX;
    if (label.space == Space.PROBABILITY && !softmax) {
      return "hmoe: mixSpace PROBABILITY with mixNormalisation "
          + label.mixing.normalisation()
          + ", of which no probability comes. Expected SOFTMAX.";
    }
    if (label.space == Space.HIDDEN && config.towers.sizes.isEmpty()) {
      return "hmoe: mixSpace HIDDEN with towerUnits empty, so that no tower says anything of its"
          + " own. Expected at least one layer.";
    }
    return null;
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int[] scenario = scenarios.of(batch);
    ScenarioRows rows = new ScenarioRows(scenario, scenarios.count(), tape);
    Var x = v.lookup(batch, mode); //                                     [B, d]
    Var e = experts.forward(x, mode); //                                  [B, K, h]  (HM-1)
    List<Var> mixed = new ArrayList<>();
    for (Gate gate : gates) {
      mixed.add(gate.mix(x, e, mode)); //                                 [B, h]  (HM-2), (HM-3)
    }
    List<Var> each = new ArrayList<>();
    for (int p = 0; p < towers.size(); p++) {
      Var m = mixed.get(Math.min(p, mixed.size() - 1)); //                [B, h]
      each.add(towers.get(p).forward(m, mode)); // numbers, or vectors  (HM-4)
    }
    Var s = Var.stack(1, each); //                                        [B, P, …]
    s = label.stop ? s.where(own(scenario, s, tape), s.stopGradient()) : s;
    Var a = mixing.scores(x, rows, mode); //                              [B, P]  (HM-5)
    return together(a, s, mode);
  }

  /// Where a tower is that of the row's own scenario, `[B, P]`, or `[B, P, 1]` of vectors.
  private Tensor own(int[] scenario, Var s, Tape tape) {
    int count = scenarios.count();
    boolean[] own = tape.scope().booleans(scenario.length * count);
    for (int b = 0; b < scenario.length; b++) {
      own[b * count + scenario[b]] = true;
    }
    Shape shape = Shape.of(scenario.length, count);
    return tape.scope().upload(s.shape().rank() == 2 ? shape : shape.insert(2, 1), own);
  }

  /// What the towers say together.
  private Outputs together(@Nullable Var a, Var s, Mode mode) {
    int size = s.size(0);
    Var omega = mixing.weights(a, size, mode.tape()); //                  [B, P]  (HM-5)
    mode.watch("mix", List.of(), omega, null);
    if (out != null) {
      Var h = omega.weightedSum(s); //                                    [B, h]  (HM-6)
      return target.outputs(out.forward(h).squeeze(1));
    }
    if (label.space == Space.LOGIT) {
      return target.outputs(omega.multiply(s).sum(1)); //                 [B]  (HM-6)
    }
    Var log = mixing.logWeights(a, size, mode.tape()); //                 [B, P]
    Var logP = log.add(s.logSigmoid()).logSumExp(); //                    [B]  (HM-6)
    Var logNotP = log.add(s.negate().logSigmoid()).logSumExp(); //        [B]
    return Outputs.head(target.label(), new Head.LogProbability(logP, logNotP));
  }
}
