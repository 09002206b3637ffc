// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pepnet;

import java.util.ArrayList;
import java.util.List;
import org.gradus.autograd.DenseParameter;
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
import org.gradus.layers.Mlp;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Scenarios;
import org.gradus.models.Tasks;
import org.gradus.models.pepnet.GatedTower.Position;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **PEPNet** — Chang, Zhang, Hui, Leng, Niu, Song, Gai. KDD 2023, [arXiv:2302.01115](https://arxiv.org/abs/2302.01115)
///
/// ```
/// δ_dom = GateNU_ep([E(F_d); sg(E)]),   E = [e₁; …; e_F; x_num]         (PEP-3)
/// O_ep  = δ_dom ⊙ E                                                     (PEP-4)
/// δ_t^(l) = GateNU_pp,l([E(F_u); E(F_i); E(F_a); sg(O_ep)])             (PEP-5)
/// O^(l) = δ_t^(l) ⊙ H^(l),   H^(l+1) = f(O^(l) W^(l) + b^(l))           (PEP-6)
/// ```
///
/// sg stops the gradient of what a gate sees of the representation, and of nothing else: neither that of the fields that speak for
/// scenario and person, nor that of the tensor which is scaled. A [GateNu] makes the gates of all tasks from one hidden layer, a
/// [Prior] is E(F) of some fields, a [GatedTower] is (PEP-6) of one task.
///
/// Departs from the paper in five places: gates scale the units of a layer and not E before the first, unless gatePosition is BEFORE; the
/// second layer of a gate is one layer per task, of which the paper's is all side by side; which fields speak for the person is a
/// setting, all fields of ids unless it is set; sizes of layers and dropout are ours; and networks without one of the parts, without a
/// stop of the gradient, or with one gate for all tasks are options that the paper does not have.
public final class PepNet implements MultiTask {

  /// What a user may set.
  ///
  /// @param embeddingDim D, also of the scenario's vector
  /// @param priors what gates are told
  /// @param gates which there are
  /// @param tower sizes of the layers of each task
  /// @param style of the towers, without batch norm
  public record Config(
      int embeddingDim, Priors priors, Gates gates, List<Integer> tower, Mlp.Style style) {
    /// γ is the paper's, the rest a starting point.
    public static final Config PRESET =
        new Config(
            16,
            new Priors(List.of(), List.of(), false),
            new Gates(
                true,
                true,
                new GateNu.Config(2, 0),
                new Reading(Input.FULL, true, true),
                new Placing(Position.AFTER, false)),
            List.of(128, 64),
            Mlp.Style.RELU.withDropout(0.1));

    /// Copies the list.
    public Config {
      tower = List.copyOf(tower);
    }
  }

  /// What gates are told besides the representation.
  ///
  /// @param domain fields that speak for the scenario, besides its number
  /// @param personal fields that speak for user, item and author; none for all fields of ids
  /// @param own whether they have tables of their own there
  public record Priors(List<String> domain, List<String> personal, boolean own) {
    /// Copies the lists.
    public Priors {
      domain = List.copyOf(domain);
      personal = List.copyOf(personal);
    }
  }

  /// The gates.
  ///
  /// @param ep whether there is an EPNet
  /// @param pp whether there is a PPNet
  /// @param unit what each is made of
  /// @param reading what they see
  /// @param placing what they scale
  public record Gates(
      boolean ep, boolean pp, GateNu.Config unit, Reading reading, Placing placing) {}

  /// What gates see.
  ///
  /// @param input whether they see the representation
  /// @param stopEp whether EPNet's teaches E nothing
  /// @param stopPp whether PPNet's teaches O_ep nothing
  public record Reading(Input input, boolean stopEp, boolean stopPp) {
    private List<Var> of(List<Var> prior, Var representation, boolean stop) {
      List<Var> parts = new ArrayList<>(prior);
      if (input == Input.FULL) {
        parts.add(stop ? representation.stopGradient() : representation);
      }
      return parts;
    }
  }

  /// Whether gates see the representation.
  public enum Input {
    /// the prior and the representation
    FULL,
    /// the prior alone
    PRIOR_ONLY
  }

  /// What the gates of PPNet scale.
  ///
  /// @param position where in a tower
  /// @param shared whether all tasks have one gate
  public record Placing(Position position, boolean shared) {}

  private final ConcatenatedFields v;
  private final @Nullable DenseParameter domain; // [P, D], one vector per scenario
  private final Prior ofDomain;
  private final @Nullable GateNu ep;
  private final Prior ofPerson;
  private final List<GateNu> pp = new ArrayList<>(); //         one per layer that is scaled
  private final List<GatedTower> towers = new ArrayList<>(); // one per task
  private final Reading reading;
  private final @Nullable Scenarios scenarios;
  private final Tasks tasks;

  /// A model for every label of the schema.
  public PepNet(Config config, Schema schema, Params params) {
    tasks = Tasks.of("pepnet", schema);
    reading = config.gates.reading;
    int dim = config.embeddingDim;
    v =
        new ConcatenatedFields(
            schema, new Widths(Width.FIXED, dim, 0), params.at("v"), Initializers.normal(0.01));
    int seen = reading.input == Input.FULL ? v.width() : 0;
    Priors priors = config.priors;
    Gates gates = config.gates;
    List<String> aboutDomain = gates.ep ? priors.domain : List.of();
    ofDomain =
        new Prior(aboutDomain, schema, v.places(), priors.own, params.at("prior").at("domain"));
    if (gates.ep) {
      scenarios = Scenarios.of("pepnet", schema);
      domain = params.weight("domain", Shape.of(scenarios.count(), dim), Initializers.normal(0.01));
      int in = dim + ofDomain.width() + seen;
      ep = new GateNu(in, List.of("fields"), v.width(), gates.unit, params.at("ep"));
    } else {
      scenarios = null;
      domain = null;
      ep = null;
    }
    List<Integer> scaled =
        gates.pp ? gates.placing.position.widths(v.width(), config.tower) : List.of();
    List<String> named = priors.personal.isEmpty() ? Prior.everything(schema) : priors.personal;
    List<String> aboutPerson = scaled.isEmpty() ? List.of() : named;
    ofPerson =
        new Prior(aboutPerson, schema, v.places(), priors.own, params.at("prior").at("person"));
    List<String> whose = gates.placing.shared ? List.of("shared") : tasks.names();
    for (int l = 0; l < scaled.size(); l++) {
      int in = ofPerson.width() + seen;
      pp.add(new GateNu(in, whose, scaled.get(l), gates.unit, params.at("pp").at(l)));
    }
    for (String task : tasks.names()) {
      Params p = params.at("tower").at(task);
      towers.add(new GatedTower(v.width(), config.tower, config.style, p));
    }
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Var e = v.lookup(batch, mode); //                                      [B, d]
    Var o = ep == null ? e : scaled(ep, e, batch, mode); //                [B, d]  (PEP-4)
    List<List<Var>> gates = new ArrayList<>();
    if (!pp.isEmpty()) {
      List<Var> prior = ofPerson.of(batch, e, mode);
      Var seen = Var.concat(1, reading.of(prior, o, reading.stopPp)); //   [B, n]
      for (GateNu unit : pp) {
        gates.add(unit.forward(seen)); //                                  [B, n_l] each  (PEP-5)
      }
    }
    List<Var> z = new ArrayList<>();
    for (int t = 0; t < towers.size(); t++) {
      int task = t;
      List<Var> own = gates.stream().map(g -> g.get(Math.min(task, g.size() - 1))).toList();
      z.add(towers.get(t).forward(o, own, mode)); //                       [B]  (PEP-6)
    }
    return tasks.outputs(z);
  }

  /// O_ep
  private Var scaled(GateNu unit, Var e, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    List<Var> prior = new ArrayList<>();
    if (domain != null && scenarios != null) {
      int[] scenario = scenarios.of(batch);
      Var all = tape.use(domain); //                                       [P, D]
      prior.add(all.gather(0, tape.scope().upload(Shape.of(scenario.length), scenario)));
    }
    prior.addAll(ofDomain.of(batch, e, mode));
    Var seen = Var.concat(1, reading.of(prior, e, reading.stopEp)); //     [B, n]
    Var delta = unit.forward(seen).getFirst(); //                          [B, d]  (PEP-3)
    return delta.multiply(e); //                                           [B, d]  (PEP-4)
  }

  /// With EPNet the layer that says how much of every field passes, for all tasks; without it the tables.
  @Override
  public List<String> lastShared() {
    return List.of(ep == null ? "v/*" : "ep/out/fields/weight");
  }
}
