// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.m2m;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.TableParameter;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.FieldEmbeddings;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.FirstOrder;
import org.gradus.embeddings.Schema;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Scenarios;
import org.gradus.models.Tasks;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **M2M** — Zhang, Liao, Liu, Xu, Zheng. WSDM 2022, [arXiv:2201.06814](https://arxiv.org/abs/2201.06814)
///
/// ```
/// x̄_j = pool(MHA(X_j)), of every sequence                          (META-1)
/// E_i = mlp_i([x̄_1; …; e_1; …; e_F; x_num]),  i = 1 … k             (META-2)
/// T_t = mlp_t(Emb(t)), of every task                               (META-3)
/// S̃   = mlp([s; A]), s of the scenario, A of the user               (META-4)
/// W   = reshape(S̃ V_w + v_w)                                       (META-5)
/// b   = S̃ V_b + v_b                                                (META-6)
/// h   ← σ(h W + b), K times: Meta(h)                               (META-7)
/// a_{t,i} = Meta_att,t([E_i; T_t]) v_t                             (META-8)
/// α_t = softmax(a_t)                                               (META-9)
/// R_t = Σ_i α_{t,i} E_i                                            (META-10)
/// L   ← σ(Meta_tow,t(L) + L), J times from L = R_t                 (META-11)
/// z_t = L w_t + b_t                                                (META-12)
/// ```
///
/// A [SequenceView] is (META-1), a [MetaUnit] says weights and is Meta, a [MetaAttention] mixes experts, a [MetaTower] ends in z_t.
///
/// Departs from the paper in six places: labels are clicks or numbers of any sign, with cross-entropy or squared error, in place of counts and
/// their Poisson regression; steps of a sequence say where they stand only if asked to; which fields speak for scenario and user is a setting,
/// all fields of ids for the user unless it is set; experts and views of tasks have one width, sizes and slope are ours; with one expert
/// there is nothing to weigh, and no attention; and units that tasks or layers share, attention without softmax, towers without what goes
/// around a layer, units that begin near the identity and a linear term are options that the paper does not have, off by default.
public final class M2m implements MultiTask {

  /// What a user may set.
  ///
  /// @param inputs what is read
  /// @param views what becomes of it
  /// @param meta the units that the scenario writes
  /// @param tower of each task
  /// @param style of all layers
  public record Config(Inputs inputs, Views views, Meta meta, Tower tower, Style style) {
    /// A starting point: four experts of width 32, units and towers of three layers.
    public static final Config PRESET =
        new Config(
            new Inputs(
                16,
                new SequenceView.Config(2, SequenceView.Positions.NONE, SequenceView.Pool.MEAN),
                List.of(),
                List.of(),
                false),
            new Views(4, new Sizes(List.of(), 32), List.of(), new Sizes(List.of(), 16)),
            new Meta(new MetaUnit.Config(3, MetaUnit.Start.GLOROT), Sharing.NONE, true),
            new Tower(3, false, true),
            new Style(Nonlinearity.LEAKY, 0.2));
  }

  /// What is read.
  ///
  /// @param embeddingDim D, also of the vectors of scenarios and tasks
  /// @param sequences how they become vectors
  /// @param scenario fields that speak for the scenario, besides its number
  /// @param user fields that speak for the user; none for all fields of ids
  /// @param linear whether every task has a linear term of the fields
  public record Inputs(
      int embeddingDim,
      SequenceView.Config sequences,
      List<String> scenario,
      List<String> user,
      boolean linear) {
    /// Copies the lists.
    public Inputs {
      scenario = List.copyOf(scenario);
      user = List.copyOf(user);
    }
  }

  /// What becomes of it.
  ///
  /// @param experts k
  /// @param expert layers of each, the last of width d
  /// @param task layers of T_t below its last, whose width is d
  /// @param scenario layers of S̃, the last of width d_s
  public record Views(int experts, Sizes expert, List<Integer> task, Sizes scenario) {
    /// Copies the list, and checks the range.
    public Views {
      task = List.copyOf(task);
      if (experts < 1) {
        throw new IllegalArgumentException("m2m: numExperts " + experts + ". Expected at least 1.");
      }
    }
  }

  /// Sizes of layers.
  ///
  /// @param hidden below the last
  /// @param out of the last
  public record Sizes(List<Integer> hidden, int out) {
    /// Copies the list.
    public Sizes {
      hidden = List.copyOf(hidden);
    }

    /// From the first to the last.
    List<Integer> all() {
      List<Integer> all = new ArrayList<>(hidden);
      all.add(out);
      return all;
    }
  }

  /// The units that the scenario writes.
  ///
  /// @param unit what each is
  /// @param sharing who has one together
  /// @param softmax whether shares of experts add up to 1
  public record Meta(MetaUnit.Config unit, Sharing sharing, boolean softmax) {}

  /// Who has a unit together.
  public enum Sharing {
    /// nobody
    NONE,
    /// all tasks
    ACROSS_TASKS
  }

  /// The tower of a task.
  ///
  /// @param depth J
  /// @param shared whether its layers have one unit together
  /// @param residual whether what goes into a layer is added to what comes out
  public record Tower(int depth, boolean shared, boolean residual) {
    /// Checks the range.
    public Tower {
      if (depth < 1) {
        throw new IllegalArgumentException("m2m: towerDepth " + depth + ". Expected at least 1.");
      }
    }
  }

  /// What all layers have in common.
  ///
  /// @param sigma σ
  /// @param dropout share dropped per layer of experts and views
  public record Style(Nonlinearity sigma, double dropout) {}

  /// A task's view, T_t.
  ///
  /// @param vector Emb(t) `[1, D]`
  private record TaskView(DenseParameter vector, Network network) {
    /// T_t `[1, d]`: of no sample, so that dropout drops the same of all.
    Var forward(Mode mode) {
      return network.forward(mode.tape().use(vector), mode);
    }
  }

  private final FieldEmbeddings v;
  private final List<SequenceView> sequences = new ArrayList<>();
  private final List<Network> experts = new ArrayList<>();
  private final List<TaskView> views = new ArrayList<>(); //       one per task; none for one expert
  private final DenseParameter domain; //                          [P, D], one vector per scenario
  private final NamedFields ofScenario;
  private final NamedFields ofUser;
  private final Network scenario; //                               S̃
  private final List<MetaUnit> attentionUnits = new ArrayList<>(); // one per task, or one
  private final List<MetaAttention> attentions = new ArrayList<>(); // one per task
  private final List<List<MetaUnit>> towerUnits = new ArrayList<>(); // of each task, or of all
  private final List<MetaTower> towers = new ArrayList<>(); //     one per task
  private final List<FirstOrder> linear = new ArrayList<>(); //    one per task, or none
  private final Scenarios scenarios;
  private final Tasks tasks;
  private final int dense;
  private final List<String> lastShared;

  /// A model for every label of the schema.
  public M2m(Config config, Schema schema, Params params) {
    tasks = Tasks.of("m2m", schema);
    scenarios = Scenarios.of("m2m", schema);
    Inputs inputs = config.inputs;
    Views sizes = config.views;
    Style style = config.style;
    int dim = inputs.embeddingDim;
    v = new FieldEmbeddings(schema, dim, Numeric.RAW, params.at("v"), Initializers.normal(0.01));
    dense = schema.dense().size();
    int width = sequences(inputs, schema, params) + v.count() * dim + dense;
    for (int i = 0; i < sizes.experts; i++) {
      experts.add(new Network(width, sizes.expert, style, params.at("expert").at(i)));
    }
    domain = params.weight("domain", Shape.of(scenarios.count(), dim), Initializers.normal(0.01));
    ofScenario = new NamedFields("scenarioFields", inputs.scenario, schema, v);
    ofUser =
        new NamedFields("userFields", inputs.user.isEmpty() ? v.names() : inputs.user, schema, v);
    int speaking = dim + ofScenario.width(dim) + ofUser.width(dim);
    scenario = new Network(speaking, sizes.scenario, style, params.at("scenario"));
    units(config, params.at("meta"));
    for (String task : tasks.names()) {
      int d = sizes.expert.out;
      if (weighs(config)) {
        Params p = params.at("task").at(task);
        views.add(
            new TaskView(
                p.weight("vector", Shape.of(1, dim), Initializers.normal(0.01)),
                new Network(dim, new Sizes(sizes.task, d), style, p)));
        attentions.add(new MetaAttention(d, config.meta.softmax, params.at("attention").at(task)));
      }
      towers.add(new MetaTower(d, config.tower, style.sigma, params.at("tower").at(task)));
      if (inputs.linear) {
        linear.add(new FirstOrder(schema, params.at("linear").at(task)));
      }
    }
    lastShared = List.of("expert/*/" + sizes.expert.hidden.size() + "/weight");
  }

  /// Whether experts are weighed: the softmax of one number is 1, whoever says it.
  private static boolean weighs(Config config) {
    return config.views.experts > 1 || !config.meta.softmax;
  }

  /// Makes the views of the sequences, which read the tables of the fields where they share one.
  ///
  /// @return width of all together
  private int sequences(Inputs inputs, Schema schema, Params params) {
    Map<String, TableParameter> tables = new HashMap<>();
    v.fields().forEach(f -> tables.put(f.table(), v.table(f.table())));
    int width = 0;
    for (Field.Sequence f : schema.all(Field.Sequence.class)) {
      TableParameter table = tables.get(f.table());
      if (table == null) {
        int dim = inputs.embeddingDim;
        table = params.at("v").table(f.table(), f.size(), dim, 0, Initializers.normal(0.01));
        tables.put(f.table(), table);
      }
      Params p = params.at("history").at(f.name());
      sequences.add(new SequenceView(f, table, inputs.sequences, p));
      width += sequences.getLast().width();
    }
    return width;
  }

  /// Makes the units: of attention, of width 2d, and of towers, of width d.
  private void units(Config config, Params params) {
    boolean shared = config.meta.sharing == Sharing.ACROSS_TASKS;
    int d = config.views.expert.out;
    int s = config.views.scenario.out;
    MetaUnit.Config unit = config.meta.unit;
    Nonlinearity sigma = config.style.sigma;
    for (String whose : shared ? List.of("shared") : tasks.names()) {
      if (weighs(config)) {
        Params p = params.at("attention").at(whose);
        attentionUnits.add(new MetaUnit(s, 2 * d, unit, sigma, p));
      }
      List<MetaUnit> layers = new ArrayList<>();
      for (int j = 0; j < (config.tower.shared ? 1 : config.tower.depth); j++) {
        layers.add(new MetaUnit(s, d, unit, sigma, params.at("tower").at(whose).at(j)));
      }
      towerUnits.add(layers);
    }
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    Tape tape = mode.tape();
    Var fields = v.lookup(batch, mode); //                             [B, F, D]
    Var numbers = dense == 0 ? null : tape.constant(Shape.of(batch.size(), dense), batch.dense());
    Var e = experts(fields, numbers, batch, mode); //                  [B, k, d]
    Var s = speaking(fields, numbers, batch, mode); //                 [B, d_s]
    List<MetaUnit.Said> forAttention = new ArrayList<>();
    for (MetaUnit unit : attentionUnits) {
      forAttention.add(unit.of(s));
    }
    List<List<MetaUnit.Said>> forTowers = new ArrayList<>();
    for (List<MetaUnit> layers : towerUnits) {
      List<MetaUnit.Said> said = new ArrayList<>();
      for (MetaUnit layer : layers) {
        said.add(layer.of(s));
      }
      forTowers.add(said);
    }
    List<Var> z = new ArrayList<>();
    for (int t = 0; t < towers.size(); t++) {
      Var r = mixed(t, forAttention, e, mode); //                      [B, d]
      List<MetaUnit.Said> layers = forTowers.get(Math.min(t, forTowers.size() - 1));
      Var said = towers.get(t).forward(layers, r); //                  [B]
      z.add(linear.isEmpty() ? said : said.add(linear.get(t).forward(batch, mode)));
    }
    return tasks.outputs(z);
  }

  /// E `[B, k, d]`
  private Var experts(Var fields, @Nullable Var numbers, Batch batch, Mode mode) {
    List<Var> parts = new ArrayList<>();
    for (SequenceView sequence : sequences) {
      parts.add(sequence.forward(batch, mode)); //                     [B, D or 2D]  (META-1)
    }
    parts.add(fields.flatten(1)); //                                   [B, F·D]
    if (numbers != null) {
      parts.add(numbers);
    }
    Var x = Var.concat(1, parts); //                                   [B, width]
    List<Var> each = new ArrayList<>();
    for (Network expert : experts) {
      each.add(expert.forward(x, mode)); //                            [B, d]  (META-2)
    }
    return Var.stack(1, each);
  }

  /// S̃ `[B, d_s]`
  private Var speaking(Var fields, @Nullable Var numbers, Batch batch, Mode mode) {
    Tape tape = mode.tape();
    int[] whence = scenarios.of(batch);
    Var all = tape.use(domain); //                                     [P, D]
    List<Var> parts = new ArrayList<>();
    parts.add(all.gather(0, tape.scope().upload(Shape.of(whence.length), whence)));
    ofScenario.addTo(parts, fields, numbers);
    ofUser.addTo(parts, fields, numbers);
    return scenario.forward(Var.concat(1, parts), mode); //            [B, d_s]  (META-4)
  }

  /// R_t `[B, d]`
  private Var mixed(int task, List<MetaUnit.Said> units, Var e, Mode mode) {
    if (attentions.isEmpty()) {
      return e.index(1, 0); //                                         [B, d]
    }
    Var t = views.get(task).forward(mode); //                          [1, d]  (META-3)
    MetaUnit.Said unit = units.get(Math.min(task, units.size() - 1));
    return attentions.get(task).forward(unit, e, t, mode); //          [B, d]  (META-10)
  }

  @Override
  public List<String> lastShared() {
    return lastShared;
  }
}
