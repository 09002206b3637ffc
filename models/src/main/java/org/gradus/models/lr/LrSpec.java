// SPDX-License-Identifier: Apache-2.0
package org.gradus.models.lr;

import java.util.List;
import org.gradus.autograd.Params;
import org.gradus.embeddings.Schema;
import org.gradus.models.Model;
import org.gradus.models.ModelSpec;
import org.gradus.models.Option;
import org.gradus.models.Paper;
import org.gradus.models.Settings;

/// `--model lr`.
public final class LrSpec implements ModelSpec {
  @Override
  public String name() {
    return "lr";
  }

  @Override
  public Paper paper() {
    return new Paper(
        "Predicting Clicks: Estimating the Click-Through Rate for New Ads",
        "M. Richardson, E. Dominowska, R. Ragno",
        2007,
        "WWW",
        "https://doi.org/10.1145/1242572.1242643");
  }

  @Override
  public List<Option> options() {
    return List.of();
  }

  @Override
  public Model create(Settings settings, Schema schema, Params params) {
    return new Lr(schema, params);
  }
}
