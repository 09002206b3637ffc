// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.ffm;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model ffm`.
public final class FfmSpec implements ModelSpec {
  @Override
  public String name() {
    return "ffm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Field-aware Factorization Machines for CTR Prediction",
        "Y. Juan, Y. Zhuang, W.-S. Chin, C.-J. Lin",
        2016,
        "RecSys",
        "https://doi.org/10.1145/2959100.2959134");
  }

  @Override
  public List<Option> options() {
    Ffm.Config p = Ffm.Config.PAPER;
    return List.of(
        Option.integer("embeddingDim", p.embeddingDim(), List.of(2, 3), "width of a latent vector"),
        Option.flag("useLinear", p.useLinear(), "w₀ and one weight per feature"),
        Option.flag("instanceNorm", p.instanceNorm(), "divides the sum over pairs by ‖x‖²"),
        Option.flag("includeSameField", p.includeSameField(), "pairs inside multi-valued fields"));
  }

  @Override
  public Model create(Settings settings, Schema schema, Params params) {
    return new Ffm(
        new Ffm.Config(
            settings.integer("embeddingDim"),
            settings.flag("useLinear"),
            settings.flag("instanceNorm"),
            settings.flag("includeSameField")),
        schema,
        params);
  }
}
