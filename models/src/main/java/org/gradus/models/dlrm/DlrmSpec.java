// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.dlrm;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.layers.DotInteraction;
import org.gradus.layers.LinearInit;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.dlrm.Interaction.Concatenation;
import org.gradus.models.dlrm.Interaction.Cross;
import org.gradus.models.dlrm.Interaction.CrossKind;
import org.gradus.models.dlrm.Interaction.Dot;
import org.gradus.models.dlrm.Interaction.Projection;
import org.gradus.tensor.MatMulKernels.Activation;

/// `--model dlrm`.
public final class DlrmSpec implements ModelSpec {
  /// The interactions by name.
  public enum Kind {
    /// dot products of all pairs
    DOT,
    /// the vectors side by side
    CAT,
    /// cross network, low rank (XN-1)
    DCN_LOW_RANK,
    /// cross network, full rank (XN-2)
    DCN_FULL,
    /// cross network of the first Deep & Cross paper (XN-3)
    DCN_VECTOR,
    /// cross network, mixture of low-rank experts (XN-4)
    DCN_MIXTURE,
    /// two towers multiplied
    PROJECTION
  }

  @Override
  public String name() {
    return "dlrm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Deep Learning Recommendation Model for Personalization and Recommendation Systems",
        "M. Naumov, D. Mudigere, H.-J. M. Shi et al.",
        2019,
        "arXiv",
        "https://arxiv.org/abs/1906.00091");
  }

  @Override
  public List<Option> options() {
    Dlrm.Config p = Dlrm.Config.DEFAULT;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2), "width of an embedding"),
        Option.integers(
            "bottom",
            p.bottom(),
            List.of("3,2", "2"),
            "sizes of the bottom tower, the last the width"),
        Option.integers(
            "top", p.top(), List.of("4", "4,3"), "sizes of the top tower before its output"),
        Option.choice("interaction", Kind.DOT, "how vectors meet"),
        Option.choice("order", DotInteraction.Order.UPPER_ROW_MAJOR, "order of the dot products"),
        Option.flag("includeSelf", false, "dot products of vectors with themselves"),
        Option.integer("crossLayers", 3, List.of(1, 2), "layers of a cross network"),
        Option.integer("rank", 64, List.of(2, 4), "rank of a low-rank cross network"),
        Option.integer("experts", 4, List.of(1, 2), "experts of a mixture"),
        Option.choice("activation", Activation.RELU, "activation inside a mixture"),
        Option.integers(
            "branch1", List.of(64, 32), List.of("6,4", "4"), "first tower of the projection"),
        Option.integers(
            "branch2", List.of(64, 32), List.of("5,6"), "second tower of the projection"),
        Option.choice("init", p.init(), "how layers start"),
        Option.flag(
            "constantInput",
            p.constantInput(),
            "without dense fields the bottom tower reads the number 1"));
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    return new Dlrm(
        new Dlrm.Config(
            s.integer("embeddingDim"),
            s.list("bottom"),
            s.list("top"),
            interaction(s),
            s.choice("init", LinearInit.class),
            s.flag("constantInput")),
        schema,
        params);
  }

  private static Interaction.Config interaction(Settings s) {
    return switch (s.choice("interaction", Kind.class)) {
      case DOT -> new Dot(s.choice("order", DotInteraction.Order.class), s.flag("includeSelf"));
      case CAT -> new Concatenation();
      case DCN_LOW_RANK -> cross(s, CrossKind.LOW_RANK);
      case DCN_FULL -> cross(s, CrossKind.FULL);
      case DCN_VECTOR -> cross(s, CrossKind.VECTOR);
      case DCN_MIXTURE -> cross(s, CrossKind.MIXTURE);
      case PROJECTION -> new Projection(s.list("branch1"), s.list("branch2"));
    };
  }

  private static Cross cross(Settings s, CrossKind kind) {
    return new Cross(
        kind,
        s.integer("crossLayers"),
        s.integer("rank"),
        s.integer("experts"),
        s.choice("activation", Activation.class));
  }
}
