// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.fm;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.FieldEmbeddings.Numeric;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model fm`.
public final class FmSpec implements ModelSpec {
  @Override
  public String name() {
    return "fm";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Factorization Machines",
        "S. Rendle",
        2010,
        "ICDM",
        "https://doi.org/10.1109/ICDM.2010.127");
  }

  @Override
  public List<Option> options() {
    Fm.Config preset = Fm.Config.DEFAULT;
    return List.of(
        Option.integer(
            "embeddingDim", preset.embeddingDim(), List.of(1, 3), "width of a latent vector"),
        Option.real(
            "deviation", preset.deviation(), List.of(0.1), "standard deviation of initial vectors"),
        Option.flag("useBias", preset.useBias(), "one global bias"),
        Option.flag("useLinear", preset.useLinear(), "one weight per feature"),
        Option.choice("numeric", preset.numeric(), "RAW: dense fields in the first order only"));
  }

  @Override
  public Model create(Settings settings, Schema schema, Params params) {
    return new Fm(
        new Fm.Config(
            settings.integer("embeddingDim"),
            settings.real("deviation"),
            settings.flag("useBias"),
            settings.flag("useLinear"),
            settings.choice("numeric", Numeric.class)),
        schema,
        params);
  }
}
