// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.deepfm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gradus.autograd.Params;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.layers.Mlp;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;
import org.gradus.models.deepfm.DeepFm.Config;
import org.gradus.models.deepfm.DeepFm.FirstOrderTerm;
import org.gradus.models.deepfm.DeepFm.Parts;
import org.gradus.models.deepfm.DeepFm.Tower;
import org.jspecify.annotations.Nullable;

/// `--model deepfm`.
public final class DeepFmSpec implements ModelSpec {
  @Override
  public String name() {
    return "deepfm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "DeepFM: A Factorization-Machine based Neural Network for CTR Prediction",
        "H. Guo, R. Tang, Y. Ye et al.",
        2017,
        "IJCAI",
        "https://arxiv.org/abs/1703.04247");
  }

  @Override
  public List<Option> options() {
    Config p = Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of an embedding"),
        Option.integers("hidden", p.tower().hidden(), List.of("4", "5,3"), "sizes of the tower"),
        Option.real(
            "dropout", p.tower().style().dropout(), List.of(0.0, 0.4), "share dropped per layer"),
        Option.flag("batchNorm", false, "batch norm in the tower"),
        Option.flag("useFm", true, "the pairwise term"),
        Option.flag("useDnn", true, "the tower"),
        Option.choice(
            "firstOrder", FirstOrderTerm.WEIGHT_TABLE, "where the linear term comes from"),
        Option.choice("numeric", Numeric.RAW, "what becomes of dense fields"));
  }

  @Override
  public @Nullable String conflict(Settings s) {
    return s.flag("useFm") || s.flag("useDnn")
        ? null
        : "deepfm: useFm=false and useDnn=false leave a linear model. Expected one of them; use"
            + " --model lr.";
  }

  @Override
  public Map<String, String> structuralZeros(Settings s) {
    Map<String, String> zeros = new LinkedHashMap<>();
    if (s.flag("batchNorm") && s.flag("useDnn")) {
      for (int l = 0; l < s.list("hidden").size(); l++) {
        zeros.put("deep/" + l + "/bias", "a bias before batch norm");
      }
    }
    return zeros;
  }

  @Override
  public Model create(Settings s, Schema schema, Params params) {
    String conflict = conflict(s);
    if (conflict != null) {
      throw new IllegalArgumentException(conflict);
    }
    Mlp.Style style =
        Mlp.Style.RELU.withDropout(s.real("dropout")).withBatchNorm(s.flag("batchNorm"));
    return new DeepFm(
        new Config(
            s.integer("embeddingDim"),
            new Tower(s.list("hidden"), style),
            new Parts(
                s.flag("useFm"), s.flag("useDnn"), s.choice("firstOrder", FirstOrderTerm.class)),
            s.choice("numeric", Numeric.class)),
        schema,
        params);
  }
}
