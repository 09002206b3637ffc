// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.pnn;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.pnn.ProductLayer.InnerWeights;
import org.gradus.models.pnn.ProductLayer.Pairs;
import org.gradus.models.pnn.ProductLayer.Product;
import org.jspecify.annotations.Nullable;

/// `--model pnn`.
public final class PnnSpec implements ModelSpec {
  @Override
  public String name() {
    return "pnn";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Product-based Neural Networks for User Response Prediction",
        "Y. Qu, H. Cai, K. Ren et al.",
        2016,
        "ICDM",
        "https://arxiv.org/abs/1611.00144");
  }

  @Override
  public List<Option> options() {
    Pnn.Config p = Pnn.Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.choice("product", p.product().product(), "IPNN, OPNN, or PNN* with both"),
        Option.choice(
            "innerWeights",
            p.product().innerWeights(),
            "of INNER and BOTH: θθᵀ, or a weight for every pair"),
        Option.choice(
            "pairs", p.product().pairs(), "of INNER and BOTH: which inner products there are"),
        Option.integer(
            "productSize", p.product().size(), List.of(4, 3), "units of the product layer"),
        Option.integers("hidden", p.hidden(), List.of("4", "5,3"), "sizes of the layers above it"),
        Option.real(
            "dropout", p.style().dropout(), List.of(0.0, 0.4), "share dropped per layer above it"),
        Option.choice("numeric", p.numeric(), "dense fields: numbers beside l₁, or vectors"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return s.choice("product", Product.class).inner()
            && s.choice("pairs", Pairs.class) == Pairs.UPPER
            && s.choice("innerWeights", InnerWeights.class) == InnerWeights.FACTORIZED
        ? "pnn: pairs=UPPER with innerWeights=FACTORIZED, whose weights θθᵀ are of all pairs."
            + " Expected innerWeights=FULL, or pairs=ALL."
        : null;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    return new Pnn(
        new Pnn.Config(
            s.integer("embeddingDim"),
            new ProductLayer.Config(
                s.integer("productSize"),
                s.choice("product", Product.class),
                s.choice("innerWeights", InnerWeights.class),
                s.choice("pairs", Pairs.class)),
            s.list("hidden"),
            Mlp.Style.RELU.withDropout(s.real("dropout")),
            s.choice("numeric", Numeric.class)),
        schema,
        params);
  }
}
