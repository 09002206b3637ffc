// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.easing;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Field;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.tensor.Pooling;
import org.jspecify.annotations.Nullable;

/// `--model easing`.
public final class EasingSpec implements ModelSpec {
  @Override
  public String name() {
    return "easing";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Semi-supervised Node Importance Estimation with Informative Distribution Modeling for"
            + " Uncertainty Regularization",
        "Y. Chen, T. Wang, Y. Fang, Y. Xiao",
        2025,
        "WWW",
        "https://arxiv.org/abs/2503.20697");
  }

  @Override
  public List<Option> options() {
    Easing.Config p = Easing.Config.PAPER;
    DjeLayer.Config layer = p.decoder().layer();
    Learning.Config learning = p.learning();
    Unlabelled.Config unlabelled = learning.unlabelled();
    ListLoss loss = learning.ranking().loss();
    return List.of(
        Option.words(
            "centrality", p.importance().centrality(), List.of("centrality"), "which number c is"),
        Option.words("entropy", p.importance().entropy(), List.of("entropy"), "which number r is"),
        Option.integer("embeddingDim", p.encoder().embeddingDim(), List.of(2), "width of a node"),
        Option.integer("width", p.encoder().width(), List.of(2), "of each encoder: D is twice"),
        Option.integer(
            "neighbours",
            p.encoder().neighbours(),
            List.of(2, 0),
            "per field and step of training; 0: all"),
        Option.real("dropout", p.encoder().dropout(), List.of(0.3, 0.0), "share of x dropped"),
        Option.integer("elements", p.decoder().elements(), List.of(3, 4), "N"),
        Option.integer("layers", p.decoder().layers(), List.of(1, 2), "of the decoder"),
        Option.flag("trainableBasis", p.decoder().trainableBasis(), "whether p is trained"),
        Option.real("gamma", p.decoder().gamma(), List.of(0.9), "γ at the start"),
        Option.integer("heads", layer.heads(), List.of(2, 1), "H, a divisor of D"),
        Option.choice("headSplit", layer.split(), "what belongs to a head"),
        Option.choice("scale", layer.scale(), "what scores are divided by"),
        Option.choice("projActivation", layer.activation(), "what follows W_Q, W_K and W_V"),
        Option.choice("reduction", learning.reduction(), "of the labelled part"),
        Option.real(
            "labelledPerBatch",
            learning.labelledPerBatch(),
            List.of(3.0),
            "labels of a batch on average, for EPOCH_WEIGHTED"),
        Option.real("unlabelledWeight", unlabelled.weight(), List.of(0.7, 0.0), "λ_u"),
        Option.integer("passes", unlabelled.passes(), List.of(2), "K, per pseudo-label"),
        Option.flag("pseudoVariance", unlabelled.pseudoVariance(), "whether ν̃ stands for ν"),
        Option.integer("warmup", unlabelled.warmup(), List.of(0, 3), "steps until λ_u is whole"),
        Option.real("listWeight", learning.ranking().weight(), List.of(0.5, 0.0), "λ_list"),
        Option.integer("listLength", loss.lists().length(), List.of(3), "ℓ"),
        Option.flag("listReplacement", loss.lists().replacement(), "a node may come twice"),
        Option.flag("listExcludeAnchor", loss.lists().excludeAnchor(), "the anchor comes once"),
        Option.integer("listMinNodes", loss.lists().minNodes(), List.of(2), "for any list"),
        Option.real("listTemperature", loss.temperature(), List.of(0.8), "τ"),
        Option.real("listLabelTemperature", loss.labelTemperature(), List.of(0.7), "τ_y"),
        Option.real("listEps", loss.epsilon(), List.of(0.0, 0.01), "added inside the logarithm"),
        Option.integer(
            "listMemory", learning.ranking().memory(), List.of(0, 3), "predictions remembered"));
  }

  /// Nodes with two types of edges and a label that few have.
  @Override
  public Schema exampleSchema(Settings settings) {
    return Schema.of(
        new Field.Dense("centrality"),
        new Field.Dense("entropy"),
        new Field.Dense("size"),
        new Field.Categorical("type", 4),
        new Field.MultiValued("cites", 9, "node", Pooling.MEAN, 4),
        new Field.MultiValued("mentions", 9, "node", Pooling.MEAN, 3),
        new Field.Label("importance", Field.LabelKind.REGRESSION),
        new Field.LabelMask("importance_known", "importance"));
  }

  @Override
  public Set<Field.LabelKind> labelKinds() {
    return EnumSet.of(Field.LabelKind.REGRESSION);
  }

  @Override
  public @Nullable String conflict(Settings s) {
    int width = 2 * s.integer("width");
    int heads = s.integer("heads");
    return heads < 1 || width % heads != 0
        ? DjeLayer.unfit(heads, width)
        : Learning.Config.conflict(
            s.choice("reduction", Learning.Reduction.class), s.real("labelledPerBatch"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Easing(
        new Easing.Config(
            new Easing.Importance(s.wordList("centrality"), s.wordList("entropy")),
            new NodeEncoder.Config(
                s.integer("embeddingDim"),
                s.integer("width"),
                s.integer("neighbours"),
                s.real("dropout")),
            new DistributionDecoder.Config(
                s.integer("elements"),
                s.integer("layers"),
                s.flag("trainableBasis"),
                s.real("gamma"),
                new DjeLayer.Config(
                    s.integer("heads"),
                    s.choice("headSplit", HeadSplit.class),
                    s.choice("scale", DjeLayer.Scale.class),
                    s.choice("projActivation", DjeLayer.Activation.class))),
            learning(s)),
        schema,
        params);
  }

  private static Learning.Config learning(Settings s) {
    return new Learning.Config(
        s.choice("reduction", Learning.Reduction.class),
        s.real("labelledPerBatch"),
        new Unlabelled.Config(
            s.real("unlabelledWeight"),
            s.integer("passes"),
            s.flag("pseudoVariance"),
            s.integer("warmup")),
        new Learning.Ranking(
            s.real("listWeight"),
            s.integer("listMemory"),
            new ListLoss(
                new ListLoss.Lists(
                    s.integer("listLength"),
                    s.flag("listReplacement"),
                    s.flag("listExcludeAnchor"),
                    s.integer("listMinNodes")),
                s.real("listTemperature"),
                s.real("listLabelTemperature"),
                s.real("listEps"))));
  }
}
