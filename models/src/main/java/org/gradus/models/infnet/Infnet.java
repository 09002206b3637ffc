// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.gradus.autograd.DenseParameter;
import org.gradus.autograd.Initializers;
import org.gradus.autograd.Mode;
import org.gradus.autograd.Params;
import org.gradus.autograd.Tape;
import org.gradus.autograd.Var;
import org.gradus.embeddings.Batch;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.layers.Tower;
import org.gradus.models.Fitted;
import org.gradus.models.MultiTask;
import org.gradus.models.Outputs;
import org.gradus.models.Tasks;
import org.gradus.tensor.Shape;
import org.jspecify.annotations.Nullable;

/// **INFNet** — Li, Mao, Tang, Cheng, Zeng, Wang, Liu, Jiang. 2025, [arXiv:2508.11565](https://arxiv.org/abs/2508.11565), version 1
///
/// ```
/// C = tokens of the fields, S of the steps of all behaviours           (IN-1), (IN-2)
/// T = a token per task, the same for all examples                      (IN-3)
/// C̃ = m proxies of C, S̃ = r of each behaviour                          (IN-4), (IN-5)
/// T̃ = N_s tokens that tasks share, the same for all examples           (IN-6)
/// N blocks: proxies and task tokens ask the other groups,
///           proxies gate the tokens of their own                       (IN-7) to (IN-13)
/// z_i = MLP_i(T_i)                                                     (IN-14)
/// ```
///
/// The heads read the tokens of their tasks and nothing else, which reach the fields and behaviours by attention in every block.
/// Without sequences in the schema there is no S.
///
/// Departs from the paper in eight places: the sigmoid lives in the loss; numbers have a vector each, times which they are tokens,
/// where the paper has buckets; the proxies that gate are those that have asked in the same block, as the paper's text says and its
/// equations do not; fields and behaviours do not move on in blocks behind which nobody reads them; a behaviour may have several
/// proxies, which the paper varies without saying how; the number of blocks, the layers of φ_cat, φ_seq, gates and heads, and that no
/// attention shares weights are our choice, for the paper reports none; a regression label is a head of its own kind; and everything
/// that the page marks as an addition, off by default.
public final class Infnet implements MultiTask, Fitted {

  /// What a user may set.
  ///
  /// @param tables tokens of ids
  /// @param behaviours tokens of sequences
  /// @param proxies of each group
  /// @param block what the blocks have in common
  /// @param flows which parts of the network there are
  /// @param stack how the blocks stand upon each other
  /// @param penalties further losses
  /// @param head layers of each task's MLP
  public record Config(
      TokenTables.Config tables,
      Behaviours.Config behaviours,
      Proxies proxies,
      Block.Config block,
      Flows flows,
      Stack.Config stack,
      Penalties penalties,
      Projection.Hidden head) {
    /// The equations of version 1, m = 4 and N_s = 2 as in its ablations; d, N and the sizes of MLPs are ours.
    public static final Config PAPER =
        new Config(
            new TokenTables.Config(
                32,
                TokenTables.Width.FIXED,
                64,
                TokenTables.Hashing.NONE,
                FrequentRows.Config.NONE),
            new Behaviours.Config(
                Behaviours.Columns.SUM, new SequenceEncoder.Config(0, 1, 32, true, 128)),
            Proxies.PAPER,
            Block.Config.PAPER,
            Flows.ALL,
            Stack.Config.PAPER,
            Penalties.NONE,
            new Projection.Hidden(List.of(64), 0));

    /// Why no model has these settings, or null.
    @Nullable String conflict() {
      int d = tables.dim();
      int h = block.flow().attention().heads();
      SequenceEncoder.Config encoder = behaviours.encoder();
      if (h < 1 || d % h != 0) {
        return CrossAttention.heads(h, d);
      }
      if (encoder.layers() > 0 && d % encoder.heads() != 0) {
        return CrossAttention.heads(encoder.heads(), d);
      }
      boolean all = proxies.fields.source().generates();
      boolean steps = proxies.sequences.source() != SequenceProxies.Source.LEARNED;
      boolean told =
          flows.taskTokens
              ? flows.heterogeneous || (flows.homogeneous && all && steps)
              : all && (flows.heterogeneous || steps);
      if (!told) {
        return "infnet: "
            + flows
            + " with proxies "
            + proxies.fields.source()
            + " and "
            + proxies.sequences.source()
            + ". Expected a way from every token to the heads: attention, or proxies that are made"
            + " of tokens.";
      }
      boolean penalises =
          switch (block.flow().attention().sparsity().kind()) {
            case ENTROPY, NORMALIZED_ENTROPY -> true;
            case NONE, SPARSEMAX, TOP_K -> false;
          };
      if (stack.checkpoint() && penalises) {
        return "infnet: checkpoint BLOCK keeps no attention, and its entropy is penalised. Expected"
            + " another sparsity, or no checkpoint.";
      }
      return null;
    }
  }

  /// The proxies.
  ///
  /// @param fields of C
  /// @param sequences of S
  /// @param tasks N_s
  /// @param start where learned ones begin: at axes of the tokens, or, if null, N(0, 0.02²)
  public record Proxies(
      FieldProxies.Config fields,
      SequenceProxies.Config sequences,
      int tasks,
      PrincipalAxes.@Nullable Start start) {
    /// Four of the fields, one of each behaviour, two that tasks share.
    public static final Proxies PAPER =
        new Proxies(
            new FieldProxies.Config(
                4, FieldProxies.Source.GENERATED, new Projection.Hidden(List.of(), 0)),
            new SequenceProxies.Config(
                1,
                SequenceProxies.Source.GENERATED,
                SequenceProxies.Pooling.SUM,
                new Projection.Hidden(List.of(), 0)),
            2,
            null);

    /// Checks the range.
    public Proxies {
      if (tasks < 1) {
        throw new IllegalArgumentException(
            "infnet: " + tasks + " tokens that tasks share. Expected at least 1.");
      }
    }

    /// Whether any are learned.
    boolean learn() {
      return fields.source().learns()
          || sequences.source() == SequenceProxies.Source.LEARNED
          || sequences.source() == SequenceProxies.Source.DYNAMIC;
    }
  }

  /// Which parts of the network there are: the paper's ablations leave one out.
  ///
  /// @param taskTokens T and T̃; without them the heads read the mean of C̃ and S̃
  /// @param heterogeneous whether anybody asks another group; without it the mean of C̃ and S̃ is added to T̃ where that gates T, for
  ///     nothing else would tell the tasks of the example
  /// @param homogeneous whether proxies gate
  public record Flows(boolean taskTokens, boolean heterogeneous, boolean homogeneous) {
    /// The whole network.
    public static final Flows ALL = new Flows(true, true, true);
  }

  private static final double TOKEN_DEVIATION = 0.02;

  private final Config config;
  private final TokenTables tables;
  private final @Nullable Behaviours behaviours;
  private final @Nullable FieldProxies fieldProxies; //          φ_cat; null where nobody reads them
  private final @Nullable SequenceProxies sequenceProxies; //    φ_seq
  private final @Nullable PrincipalStart start; //              null where nothing is fitted
  private final List<DenseParameter> tokens = new ArrayList<>(); // rows of T [d], of each task
  private final @Nullable DenseParameter shared; //              T̃ [N_s, d]
  private final Stack stack;
  private final List<Tower> heads = new ArrayList<>(); //        MLP_i
  private final Tasks tasks;
  private final Schema schema;
  private final List<String> lastShared;

  /// A model for every label of the schema.
  ///
  /// @param columns the sequences of each behaviour; when there are none, every sequence is a behaviour of its own
  public Infnet(Config config, List<List<String>> columns, Schema schema, Params params) {
    String conflict = config.conflict();
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    this.config = config;
    this.schema = schema;
    tasks = Tasks.of("infnet", schema);
    tables = new TokenTables(schema, config.tables, params.at("v"));
    Behaviours all =
        new Behaviours(columns, config.behaviours, schema, tables, params.at("behaviour"));
    behaviours = all.names().isEmpty() ? null : all;
    Flows flows = config.flows;
    Wiring wiring =
        new Wiring(
            parts(flows.taskTokens, behaviours != null),
            flows.heterogeneous,
            flows.homogeneous,
            config.stack.gating());
    Stack.Plan plan = Stack.Plan.of(config.stack, wiring);
    for (Part part : wiring.proxies()) {
      boolean generated =
          part == Part.C_PROXIES
              ? config.proxies.fields.source().generates()
              : config.proxies.sequences.source() != SequenceProxies.Source.LEARNED;
      if (config.penalties.reads(generated)) {
        plan.first().add(part);
      }
    }

    int d = tables.dim();
    Set<Part> first = plan.first();
    Params p = params.at("proxies");
    fieldProxies =
        first.contains(Part.C_PROXIES)
            ? new FieldProxies(tables.count(), d, config.proxies.fields, p.at("fields"))
            : null;
    sequenceProxies =
        first.contains(Part.S_PROXIES)
            ? new SequenceProxies(all.names(), d, config.proxies.sequences, p.at("sequences"))
            : null;
    PrincipalAxes.Start axes = config.proxies.start;
    start =
        axes != null && config.proxies.learn()
            ? new PrincipalStart(axes, p.state("started", Shape.scalar(), 0), params.device())
            : null;
    if (flows.taskTokens) {
      for (String task : tasks.names()) {
        tokens.add(
            params.at("token").weight(task, Shape.of(d), Initializers.normal(TOKEN_DEVIATION)));
      }
    }
    shared =
        first.contains(Part.T_PROXIES)
            ? params.weight(
                "shared", Shape.of(config.proxies.tasks, d), Initializers.normal(TOKEN_DEVIATION))
            : null;
    Block.Sizes sizes = sizes(d, all.names().size());
    stack = new Stack(config.block, wiring, sizes, plan, params.at("block"));
    Mlp.Style style = Mlp.Style.RELU.withDropout(config.head.dropout());
    for (String task : tasks.names()) {
      heads.add(new Tower(d, config.head.sizes(), style, params.at("head").at(task)));
    }
    lastShared = lastShared(wiring);
  }

  private static Set<Part> parts(boolean taskTokens, boolean behaviours) {
    Set<Part> present = EnumSet.of(Part.C, Part.C_PROXIES);
    if (behaviours) {
      present.addAll(EnumSet.of(Part.S, Part.S_PROXIES));
    }
    if (taskTokens) {
      present.addAll(EnumSet.of(Part.T, Part.T_PROXIES));
    }
    return present;
  }

  private Block.Sizes sizes(int d, int behaviourCount) {
    Map<Part, Integer> proxies = new EnumMap<>(Part.class);
    proxies.put(Part.C_PROXIES, config.proxies.fields.count());
    proxies.put(Part.S_PROXIES, config.proxies.sequences.each() * behaviourCount);
    proxies.put(Part.T_PROXIES, config.proxies.tasks);
    return new Block.Sizes(d, proxies);
  }

  private List<String> lastShared(Wiring wiring) {
    String last = "block/" + (config.stack.shared() ? "all" : config.stack.blocks() - 1);
    if (config.flows.taskTokens) {
      return config.flows.heterogeneous
          ? List.of(last + "/attention/TC/value")
          : List.of(last + "/gate/T/*weight");
    }
    return wiring.sources(Part.C_PROXIES).isEmpty()
        ? List.of("proxies/fields/*")
        : List.of(last + "/attention/CS/value", last + "/attention/SC/value");
  }

  @Override
  public Outputs forward(Batch batch, Mode mode) {
    if (!fitted()) {
      throw new IllegalStateException(
          "infnet: learned proxies have nowhere to begin, or nobody knows which values are"
              + " frequent. Expected fit(rows, seed) before the first batch, which the trainer"
              + " calls, or the parameters of a run.");
    }
    Behaviours.Looked looked = behaviours == null ? null : behaviours.lookup(batch, mode);
    Map<Part, Var> first = first(batch, looked, mode); //          level 0
    Block.Context context = new Block.Context(batch.size(), looked);
    List<Var> entropies = new ArrayList<>();
    Map<Part, Var> last = stack.forward(first, context, mode, entropies::add); // level N
    List<Var> z = new ArrayList<>();
    for (int i = 0; i < heads.size(); i++) {
      z.add(heads.get(i).forward(read(last, i), mode)); //        [B]  (IN-14)
    }
    Outputs outputs = tasks.outputs(z);
    return mode.training()
        ? config.penalties.add(outputs, entropies, first, looked, config.proxies)
        : outputs;
  }

  /// What the first block reads; 1 stands for B where nothing depends on the example.
  private Map<Part, Var> first(Batch batch, Behaviours.@Nullable Looked looked, Mode mode) {
    Tape tape = mode.tape();
    Map<Part, Var> level = new EnumMap<>(Part.class);
    Var c = tables.fields(batch, mode); //                         [B, M, d]  (IN-1)
    level.put(Part.C, c);
    if (fieldProxies != null) {
      level.put(Part.C_PROXIES, fieldProxies.of(c, mode)); //      [B, …, m, d]  (IN-4)
    }
    if (looked != null) {
      level.put(Part.S, looked.tokens()); //                       [B, L, d]  (IN-2)
      if (sequenceProxies != null) {
        level.put(Part.S_PROXIES, sequenceProxies.of(looked, mode)); // [B, …, r F, d]  (IN-5)
      }
    }
    if (!tokens.isEmpty()) {
      List<Var> rows = tokens.stream().map(tape::use).toList();
      level.put(Part.T, Var.stack(0, rows).unsqueeze(0)); //       [1, N_t, d]  (IN-3)
    }
    if (shared != null) {
      level.put(Part.T_PROXIES, tape.use(shared).unsqueeze(0)); // [1, N_s, d]  (IN-6)
    }
    return level;
  }

  /// What task i's head reads, `[B, d]`.
  private Var read(Map<Part, Var> level, int i) {
    Var t = level.get(Part.T);
    if (config.flows.taskTokens && t != null) {
      return t.index(1, i);
    }
    List<Var> proxies = new ArrayList<>();
    proxies.add(Block.present(level, Part.C_PROXIES));
    if (behaviours != null) {
      proxies.add(Block.present(level, Part.S_PROXIES));
    }
    return Block.mean(proxies).squeeze(1);
  }

  @Override
  public List<String> lastShared() {
    return lastShared;
  }

  @Override
  public boolean fitted() {
    return tables.fitted() && (start == null || start.done());
  }

  @Override
  public String fit(Rows rows, long seed) {
    if (fitted()) {
      return "nothing to fit";
    }
    tables.fit(rows, schema);
    return start == null
        ? "the most frequent values of each table have rows of their own"
        : start.from(
            rows,
            seed,
            new PrincipalStart.Parts(tables, fieldProxies, behaviours, sequenceProxies));
  }

  @Override
  public long @Nullable [] trainedRows(Rows rows, long seed) {
    return null;
  }
}
