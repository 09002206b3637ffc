// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.infnet;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.tensor.MatMulKernels.Activation;
import org.jspecify.annotations.Nullable;

/// `--model infnet`.
public final class InfnetSpec implements ModelSpec {
  private enum Checkpoint {
    NONE,
    BLOCK
  }

  private enum LearnedInit {
    GAUSSIAN,
    PCA
  }

  private enum PcaScale {
    SQRT_EIGENVALUE,
    UNIT
  }

  private enum Quantise {
    NONE,
    INT8
  }

  private enum Norm {
    NONE,
    LAYER_NORM
  }

  @Override
  public String name() {
    return "infnet";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "INFNet: A Task-aware Information Flow Network for Large-Scale Recommendation Systems",
        "K. Li, D. Mao, Y. Tang et al.",
        2025,
        "arXiv",
        "https://arxiv.org/abs/2508.11565");
  }

  @Override
  public List<Option> options() {
    Infnet.Config p = Infnet.Config.PAPER;
    TokenTables.Config t = p.tables();
    SequenceEncoder.Config e = p.behaviours().encoder();
    FieldProxies.Config c = p.proxies().fields();
    SequenceProxies.Config s = p.proxies().sequences();
    Flow.Config f = p.block().flow();
    ProxyGate.Config g = p.block().gate();
    Stack.Config n = p.stack();
    return List.of(
        Option.integer("embeddingDim", t.dim(), List.of(3), "d, of all tokens"),
        Option.choice("tableWidth", t.width(), "of a table: d, or less for few values"),
        Option.integer("maxTableWidth", t.maxWidth(), List.of(4), "the widest, if ADAPTIVE"),
        Option.integer(
            "hashRows",
            t.hashing().rows(),
            List.of(0, 4),
            "larger tables are hashed to so many; 0: none"),
        Option.integer(
            "hashes", t.hashing().hashes(), List.of(1, 2), "rows of a value that is hashed"),
        Option.flag("learnedHashWeights", t.hashing().learned(), "these rows have weights"),
        Option.integer(
            "frequentRows",
            t.frequent().most(),
            List.of(0), // rows of the others may be in no small batch
            "values with rows of their own, the others hashed; 0: all"),
        Option.integer("tailWidth", t.frequent().tailWidth(), List.of(2), "of the others' rows"),
        Option.words(
            "histories",
            List.of(),
            List.of(""), // others name fields, and schemas differ
            "sequences of a behaviour with + between them; none: each its own"),
        Option.choice("sideFeatures", p.behaviours().columns(), "how columns become a token"),
        Option.integer("encoderLayers", e.layers(), List.of(0, 1), "over steps, before all"),
        Option.integer("encoderHeads", e.heads(), List.of(1, 3), "heads of these layers"),
        Option.integer("maxDistance", e.maxDistance(), List.of(2), "distances with a bias"),
        Option.flag("causal", e.causal(), "steps see only what came before them"),
        Option.integer("encoderHidden", e.hidden(), List.of(4), "units of their network"),
        Option.integer("catProxies", c.count(), List.of(2, 1), "m, of the fields"),
        Option.choice("catProxySource", c.source(), "where they come from"),
        Option.integer("seqProxiesPerBehaviour", s.each(), List.of(1, 2), "r, of a behaviour"),
        Option.choice("seqProxySource", s.source(), "where they come from"),
        Option.choice("seqPooling", s.pooling(), "how steps become one"),
        Option.integer(
            "sharedTaskTokens", p.proxies().tasks(), List.of(2, 1), "N_s, proxies of tasks"),
        Option.choice("learnedInit", LearnedInit.GAUSSIAN, "where learned proxies begin"),
        Option.choice("pcaScale", PcaScale.SQRT_EIGENVALUE, "their lengths, for PCA"),
        Option.flag("pcaAddMean", false, "the mean token is added, for PCA"),
        Option.integers(
            "phiHidden", c.hidden().sizes(), List.of("", "4"), "layers inside φ_cat and φ_seq"),
        Option.integer("blocks", n.blocks(), List.of(2, 1), "N"),
        Option.flag("shareBlocks", n.shared(), "one block's weights for all"),
        Option.flag("shareTaskAttention", p.block().shareTasks(), "T and T̃ ask alike"),
        Option.integer("heads", f.attention().heads(), List.of(1, 3), "of every attention"),
        Option.flag("outputProjection", f.attention().outputProjection(), "W_O behind it"),
        Option.flag("proxyResidual", f.residual(), "who asked is added to the answer"),
        Option.choice("norm", Norm.NONE, "behind the answer"),
        Option.flag("coarseAttention", f.coarse().weighs(), "weights for groups as wholes"),
        Option.integer(
            "coarseTopK", f.coarse().strongest(), List.of(0), "groups asked untrained; 0: all"),
        Option.choice("pguMode", g.kind(), "what proxies do to their tokens"),
        Option.choice("pguProxy", n.gating(), "which of them"),
        Option.flag("pguResidual", g.residual(), "tokens are added to what is gated"),
        Option.real("pguScale", g.scale(), List.of(1.0, 2.0), "a factor of the gates"),
        Option.choice("pguActivation", g.activation(), "f, for INTERPOLATE"),
        Option.integers("pguHidden", g.hidden().sizes(), List.of("4", ""), "layers of gates"),
        Option.choice("sparsity", f.attention().sparsity().kind(), "how scores become weights"),
        Option.real("sparsityWeight", 0.01, List.of(0.5), "λ of the entropy"),
        Option.integer("sparsityTopK", 8, List.of(2), "k, for TOP_K"),
        Option.real("miWeight", 0, List.of(0.0, 0.7), "λ of the loss mutualInformation"),
        Option.real("proxyL2", 0, List.of(0.0, 0.3), "λ of the loss proxyL2"),
        Option.integers("towerUnits", p.head().sizes(), List.of("4", ""), "sizes of each head"),
        Option.real("dropout", 0, List.of(0.0, 0.3), "of attention's results and in MLPs"),
        Option.flag("useTaskTokens", p.flows().taskTokens(), "T and T̃"),
        Option.flag("useHeterogeneous", p.flows().heterogeneous(), "groups ask each other"),
        Option.flag("useHomogeneous", p.flows().homogeneous(), "proxies gate"),
        Option.choice("checkpoint", Checkpoint.NONE, "blocks computed twice, to save memory"),
        new Option(
            "quantise",
            Option.Type.CHOICE,
            Quantise.NONE.name(),
            List.of(Quantise.NONE.name(), Quantise.INT8.name()),
            List.of(Quantise.NONE.name()), // whatever is rounded has jumps, and no gradient
            "attention multiplies in eight bits, except in training"),
        new Option(
            "skipUnused",
            Option.Type.FLAG,
            Boolean.toString(n.skipUnused()),
            List.of(),
            List.of("true"), // otherwise much has no gradient, and what depends on the schema
            "what no head depends on is left out"));
  }

  /// Two behaviours, one in the table of a field, and two labels, one of them not always there.
  @Override
  public Schema exampleSchema(Settings s) {
    return Schema.of(
        new Field.Dense("price"),
        new Field.Categorical("user", 6),
        new Field.Categorical("item", 5),
        new Field.Sequence("viewed", 5, "item", 3),
        new Field.Sequence("bought", 4, "bought", 2),
        new Field.Label("click", Field.LabelKind.BINARY),
        new Field.Label("like", Field.LabelKind.BINARY),
        new Field.LabelMask("like_seen", "like"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return config(s).conflict();
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    List<List<String>> columns =
        s.wordList("histories").stream().map(h -> List.of(h.split("\\+", -1))).toList();
    return new Infnet(config(s), columns, schema, params);
  }

  private static Infnet.Config config(Settings s) {
    double dropout = s.real("dropout");
    return new Infnet.Config(
        new TokenTables.Config(
            s.integer("embeddingDim"),
            s.choice("tableWidth", TokenTables.Width.class),
            s.integer("maxTableWidth"),
            new TokenTables.Hashing(
                s.integer("hashRows"), s.integer("hashes"), s.flag("learnedHashWeights")),
            new FrequentRows.Config(s.integer("frequentRows"), s.integer("tailWidth"))),
        new Behaviours.Config(
            s.choice("sideFeatures", Behaviours.Columns.class),
            new SequenceEncoder.Config(
                s.integer("encoderLayers"),
                s.integer("encoderHeads"),
                s.integer("maxDistance"),
                s.flag("causal"),
                s.integer("encoderHidden"))),
        proxies(s, new Projection.Hidden(s.list("phiHidden"), dropout)),
        block(s, new Projection.Hidden(s.list("pguHidden"), dropout)),
        new Infnet.Flows(
            s.flag("useTaskTokens"), s.flag("useHeterogeneous"), s.flag("useHomogeneous")),
        new Stack.Config(
            s.integer("blocks"),
            s.flag("shareBlocks"),
            s.choice("pguProxy", Block.Gating.class),
            s.choice("checkpoint", Checkpoint.class) == Checkpoint.BLOCK,
            s.flag("skipUnused")),
        new Penalties(s.real("sparsityWeight"), s.real("miWeight"), s.real("proxyL2")),
        new Projection.Hidden(s.list("towerUnits"), dropout));
  }

  private static Infnet.Proxies proxies(Settings s, Projection.Hidden hidden) {
    return new Infnet.Proxies(
        new FieldProxies.Config(
            s.integer("catProxies"), s.choice("catProxySource", FieldProxies.Source.class), hidden),
        new SequenceProxies.Config(
            s.integer("seqProxiesPerBehaviour"),
            s.choice("seqProxySource", SequenceProxies.Source.class),
            s.choice("seqPooling", SequenceProxies.Pooling.class),
            hidden),
        s.integer("sharedTaskTokens"),
        s.choice("learnedInit", LearnedInit.class) == LearnedInit.PCA
            ? new PrincipalAxes.Start(
                s.choice("pcaScale", PcaScale.class) == PcaScale.UNIT, s.flag("pcaAddMean"))
            : null);
  }

  private static Block.Config block(Settings s, Projection.Hidden hidden) {
    return new Block.Config(
        new Flow.Config(
            new CrossAttention.Config(
                s.integer("heads"),
                s.flag("outputProjection"),
                new Sparsity(s.choice("sparsity", Sparsity.Kind.class), s.integer("sparsityTopK")),
                s.real("dropout"),
                s.choice("quantise", Quantise.class) == Quantise.INT8
                    ? Products.EIGHT_BITS
                    : Products.REALS),
            new Flow.Coarse(s.flag("coarseAttention"), s.integer("coarseTopK")),
            s.flag("proxyResidual"),
            s.choice("norm", Norm.class) == Norm.LAYER_NORM),
        new ProxyGate.Config(
            s.choice("pguMode", ProxyGate.Kind.class),
            s.flag("pguResidual"),
            s.real("pguScale"),
            s.choice("pguActivation", Activation.class),
            hidden),
        s.flag("shareTaskAttention"));
  }
}
